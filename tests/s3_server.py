"""An object store on this machine: moto's server, which can be told to fail."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import fsspec
from moto.server import ThreadedMotoServer

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "not a secret"}
Fault = Callable[[dict[str, Any]], str | None]


@dataclass
class Store:
    """Buckets at a URL. ``faults`` name the HTTP status of a request that fails, by its WSGI
    environment; ``seen`` are the requests so far, as method and path with query."""

    endpoint: str
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def bucket(self, *, is_versioned: bool = False) -> str:
        """Make a bucket; returns its URL."""
        name = f"kindred-{uuid4().hex}"
        filesystem = fsspec.filesystem("s3")
        filesystem.call_s3("create_bucket", Bucket=name)
        if is_versioned:
            status = {"Status": "Enabled"}
            filesystem.call_s3("put_bucket_versioning", Bucket=name, VersioningConfiguration=status)
        self.seen.clear()
        return f"s3://{name}"

    def answer(self, application: Any) -> Any:
        """The application with its faults."""

        def answered(environ: dict[str, Any], start_response: Any) -> Any:
            query = environ.get("QUERY_STRING", "")
            self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{query}")
            for fault in self.faults:
                status = fault(environ)
                if status is not None:
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                    start_response(status, [("Content-Length", "0")])
                    return [b""]
            return application(environ, start_response)

        return answered


@contextmanager
def s3_server() -> Iterator[Store]:
    """A server on the loopback interface, which the environment of this process names."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    store = Store(f"http://{host}:{port}")
    serving: Any = server._server
    serving.app = store.answer(serving.app)
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": store.endpoint}
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    try:
        with patch.dict(os.environ, {**kept, **environment, "AWS_REGION": "us-east-1"}, clear=True):
            yield store
    finally:
        fsspec.filesystem("s3").clear_instance_cache()
        server.stop()
