"""A bucket that speaks as much S3 as the store needs: objects are put, asked for and read.

It is a real server on a real port, which can be away in each way a store can: the port closed, each
answer the same error, the connection broken off.
"""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.config import Config

NAME = "hub"
# boto3's own five attempts, with pauses between them, are not what is tested.
QUICK = Config(
    retries={"max_attempts": 0},
    connect_timeout=2,
    read_timeout=1,
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
)
HANG_UP = 0  # in place of a status: no answer at all


class Bucket:
    """The server; `refuses` is the status that it answers everything with, None where it works."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refuses: int | None = None
        self.code = "InternalError"
        self.takes = True  # where not, it gives what it has and takes nothing
        self._port = 0
        self.connections: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self.start()

    def start(self) -> None:
        bucket = self

        class Handler(Requests):
            of = bucket

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and all connections; what is stored is kept."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for each in list(self.connections):
            each.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def storages(self) -> dict[str, Any]:
        """Return the setting that has django-storages store in it."""
        options = {
            "bucket_name": NAME,
            "endpoint_url": self.url,
            "access_key": "a-key",
            "secret_key": "a-secret",
            "region_name": "us-east-1",
            "file_overwrite": True,
            "client_config": QUICK,
        }
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


class Requests(BaseHTTPRequestHandler):
    """Answer one connection."""

    of: Bucket
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.of.connections.add(self.connection)

    def finish(self) -> None:
        self.of.connections.discard(self.connection)
        super().finish()

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._is_refused():
            return
        if self.of.takes:
            self.of.objects[self.path] = data
        self._answer(200 if self.of.takes else 503)

    def do_HEAD(self) -> None:
        self._find()

    def do_GET(self) -> None:
        self._find()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _find(self) -> None:
        if self._is_refused():
            return
        found = self.of.objects.get(self.path.partition("?")[0])
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
        else:
            self._answer(200, found)

    def _is_refused(self) -> bool:
        if self.of.refuses is None:
            return False
        if self.of.refuses == HANG_UP:
            self.close_connection = True
        else:
            text = f"<Error><Code>{self.of.code}</Code><Message>no</Message></Error>"
            self._answer(self.of.refuses, text.encode())
        return True

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
