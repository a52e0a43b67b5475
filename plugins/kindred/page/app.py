"""The page as a FastAPI app: addresses, threads, headers, errors; it knows nothing of Airflow."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kindred.errors import KindredError, WindowError
from kindred.page.access import Access, Answer

log = logging.getLogger(__name__)

THREADS = 4
MOST_WAITING = 40
"""Requests of one process that may wait for a thread; a page takes a quarter of a second."""

WARM_UP_SECONDS = 10.0
"""After which a process imports what reads and draws: its own start does not wait for it."""

MOST_BYTES = 8192
"""Of a form: the longest key has 255, each written as three."""

MOST_FIELDS = 10
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
SAME_SITE = ("same-origin", "none")
FORM = "application/x-www-form-urlencoded"
UNREADY = "The page cannot be shown now; the log of Airflow's API server says why."
BUSY = "Too many people are looking at once; try again in a moment."


class Threads:
    """A few threads of the page's own, and a bound on what waits for them.

    What asks the warehouse or Airflow's database is done here: neither the event loop nor Airflow's
    own threads wait for it, and the warehouse never has more sessions of this process.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="kindred-page")
        self._waiting = 0

    async def answer(self, work: Callable[[], Answer]) -> Response:
        """The answer of one of the threads; 503 when too much waits already."""
        if self._waiting >= MOST_WAITING:
            raise HTTPException(503, BUSY)
        self._waiting += 1
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
        return HTMLResponse(found.html, found.status, headers=dict(found.headers))


def make_app(user_of: Callable[..., Any], access: Access) -> FastAPI:
    """The app; ``user_of`` is a dependency that gives the user, or refuses with 401.

    What reads and draws is imported in a thread, at the latest with the first request.
    """
    # Without documentation: its pages would load scripts from elsewhere, and be open to anybody.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    threads = Threads()
    signed_in = Depends(user_of)

    def answer(name: str, user: Any, asked: dict[str, str]) -> Answer:
        from kindred.page import views

        view: Callable[[Access, Any, dict[str, str]], Answer] = getattr(views, name)
        return view(access, user, asked)

    def figures(name: str) -> Callable[..., Awaitable[Response]]:
        async def asked_by_address(request: Request, user: Annotated[Any, signed_in]) -> Response:
            asked = dict(request.query_params)
            return await threads.answer(lambda: answer(name, user, asked))

        return asked_by_address

    def persons(name: str) -> Callable[..., Awaitable[Response]]:
        """By forms: an id in an address would stay in logs, and in the browser's history."""

        async def asked_by_form(request: Request, user: Annotated[Any, signed_in]) -> Response:
            require_same_origin(request)
            asked = await form_of(request)
            return await threads.answer(lambda: answer(name, user, asked))

        return asked_by_form

    async def back(user: Annotated[Any, signed_in]) -> Response:
        """Of a result that is loaded again only the form is left: its id is in no address."""
        return RedirectResponse("./?part=lookup", 303)

    async def nothing(user: Annotated[Any, signed_in]) -> Response:
        """Whoever is not signed in does not even learn what there is."""
        raise HTTPException(404, "There is no such page.")

    app.add_api_route("/", figures("show"), methods=["GET"])
    app.add_api_route("/report", figures("report"), methods=["GET"])
    for name in ("customer", "audience"):
        app.add_api_route(f"/{name}", persons(name), methods=["POST"])
        app.add_api_route(f"/{name}", back, methods=["GET"])
    app.add_api_route("/{rest:path}", nothing, methods=METHODS)
    _answer_errors(app)
    return app


def warm_up_later(import_more: Callable[[], object], seconds: float = WARM_UP_SECONDS) -> Timer:
    """Import and draw in a thread, after a while: the first page takes a second longer otherwise.

    ``import_more``: imports what else is needed for a page.
    """

    def warm_up() -> None:
        from kindred.page import views  # noqa: F401
        from kindred.reports.vega import svg

        import_more()
        svg({"data": {"values": [{}]}, "mark": "point"}, "", "warm")

    timer = Timer(seconds, warm_up)
    timer.daemon = True
    timer.start()
    return timer


def require_same_origin(request: Request) -> None:
    """Refuse forms that another site has sent with this user's cookie.

    Airflow's cookie is not sent with them anyway (SameSite=Lax), but for sites of the same domain.
    """
    if "authorization" in request.headers:
        return  # which no site can make a browser send
    site = request.headers.get("sec-fetch-site")
    if site is None:  # an old browser, or no TLS
        origin = urlsplit(request.headers.get("origin", "")).netloc
        hosts = (request.headers.get("host"), request.headers.get("x-forwarded-host"))
        is_same = bool(origin) and origin in hosts
    else:
        is_same = site in SAME_SITE
    if not is_same:
        raise HTTPException(403, "This form was sent from another site.")


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form.

    Raises
    ------
    HTTPException
        when it is none, or a longer one than the page has.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415, "A form was expected.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "The form is longer than any of this page.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    return dict(pairs)


def _answer_errors(app: FastAPI) -> None:
    """Every answer is a page with the headers of one, and repeats nothing that was sent."""

    async def with_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        from kindred.page.shell import HEADERS

        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        text = str(error.detail)
        if error.status_code == 401:
            text = "Sign in to Airflow, then open this page again."
        return _message(error.status_code, text, error.headers)

    async def failed(request: Request, error: Exception) -> Response:
        if isinstance(error, WindowError):
            return _message(400, str(error))
        # The reason may name hosts, logins and files, which are for those who run Airflow.
        log.warning("the page cannot be shown: %s", error)
        return _message(503, UNREADY)

    app.middleware("http")(with_headers)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(KindredError, failed)


_TITLES = {401: "Not signed in", 403: "Not allowed", 404: "Not found", 429: "Too many look-ups"}


def _message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    from kindred.page.shell import message

    title = _TITLES.get(status, "Not possible")
    return HTMLResponse(message(title, text), status, headers=dict(headers or {}))
