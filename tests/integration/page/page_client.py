"""Ask the page without a server, as a user with some rights."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
from fastapi import Header, HTTPException

from kindred.page.app import make_app

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@dataclass
class StandIn:
    """What Airflow knows, said by a test: per user, the right on each space."""

    dsn: str
    rights: dict[str, dict[str, str]] = field(default_factory=dict)
    limit: int = 1000
    made: list[tuple[str, str, str]] = field(default_factory=list)

    def name(self, user: str) -> str:
        return user

    def spaces(self, user: str) -> list[str]:
        return list(self.rights.get(user, {}))

    def sees_persons(self, user: str, space: str) -> bool:
        return self.rights[user][space] == "edit"

    def seconds_to_wait(self, user: str, space: str, kind: str) -> int:
        self.made.append((user, space, kind))
        return 0 if len(self.made) <= self.limit else 754

    def space_of(self, dag_id: str) -> str | None:
        return {"customer_similarity": "default"}.get(dag_id)

    def conninfo(self) -> str:
        return self.dsn


async def user_of(authorization: Annotated[str, Header()] = "", x_user: str = Header("")) -> str:
    """The name of a user, as a token or as what stands for a cookie."""
    user = authorization or x_user
    if not user:
        raise HTTPException(401, "Not authenticated")
    return user


@dataclass
class Client:
    """Asks the page, each time with a loop of its own."""

    access: StandIn

    def __post_init__(self) -> None:
        self.app = make_app(user_of, self.access)

    def ask(self, method: str, path: str, user: str | None = "admin", **options: Any) -> Any:
        headers = dict(options.pop("headers", SAME_ORIGIN))
        if user is not None:
            headers["x-user"] = user

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(once())

    def get(self, user: str | None = "admin", **asked: str) -> Any:
        return self.ask("GET", "/", user, params=asked)

    def post(self, path: str, user: str | None = "admin", **form: str) -> Any:
        return self.ask("POST", path, user, data=form)
