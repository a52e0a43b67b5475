"""An S3 server of one bucket: ``python -m local.cluster.s3_store ADDRESS PORT LOG BUCKET``.

moto's server, as a process of its own. For every request it appends a line to the log: seconds
since 1970, the client's address, the method, the path, and the bytes that the client has sent and
received in the body. The environment says how the AWS SDK finds the server.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

import fsspec
from moto.server import ThreadedMotoServer

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def main() -> None:
    """Serve until the process is ended."""
    address, port, log, bucket = sys.argv[1:]
    server = ThreadedMotoServer(ip_address=address, port=int(port), verbose=False)
    with open(log, "a", encoding="utf-8", buffering=1) as lines:
        server.start()
        serving: Any = server._server
        serving.app = counted(serving.app, lines)
        fsspec.filesystem("s3").call_s3("create_bucket", Bucket=bucket)
        threading.Event().wait()


def counted(application: Application, lines: TextIO) -> Application:
    """The application, which writes a line for each request that it has answered."""

    def answered(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        sent = 0
        for part in application(environ, start_response):
            sent += len(part)
            yield part
        received = int(environ.get("CONTENT_LENGTH") or 0)
        client, method = environ["REMOTE_ADDR"], environ["REQUEST_METHOD"]
        lines.write(
            f"{time.time():.3f} {client} {method} {environ['PATH_INFO']} {received} {sent}\n"
        )

    return answered


if __name__ == "__main__":
    main()
