"""A webhook on this machine: it keeps what is posted to it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T0/B0/hush"


@dataclass
class Webhook:
    """``address`` has a secret in its path; ``posted`` are path, content type and body."""

    address: str = ""
    status: int = 200
    seconds: float = 0.0
    posted: list[tuple[str, str, Any]] = field(default_factory=list)

    def of_run(self, run_id: str) -> list[dict[str, Any]]:
        """What was posted about one run."""
        return [body for _, _, body in self.posted if body["run_id"] == run_id]


@contextmanager
def listening(*, as_json: bool = True) -> Iterator[Webhook]:
    """A webhook that answers until the end of the block; it keeps bodies parsed, or as they are."""
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = json.loads(body) if as_json else body
            webhook.posted.append((self.path, self.headers["Content-Type"], kept))
            time.sleep(webhook.seconds)
            self.send_response(webhook.status)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook.address = f"http://127.0.0.1:{server.server_port}/{SECRET}"
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield webhook
    finally:
        server.shutdown()
        server.server_close()
