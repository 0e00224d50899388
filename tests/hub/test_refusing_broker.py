"""A broker that answers, and refuses us: what RabbitMQ does with a wrong password."""

import logging
import socketserver
import struct
import threading
from collections.abc import Iterator

import pytest
from django.test import Client

from hub.celery import app
from registry import jobs
from registry.tasks import build_version

METHOD, FRAME_END = 1, b"\xce"
START, CLOSE = (10, 10), (10, 50)  # class and method, of AMQP 0-9-1
ACCESS_REFUSED = 403


class Refusing(socketserver.BaseRequestHandler):
    """Greet as AMQP's connections begin, and close as RabbitMQ does where a login is wrong."""

    def handle(self) -> None:
        self.request.recv(8)  # the protocol's name and version
        properties, mechanisms, locales = b"", b"PLAIN AMQPLAIN", b"en_US"
        self.request.sendall(
            _frame(START, struct.pack(">BB", 0, 9) + _long(properties, mechanisms, locales))
        )
        self.request.recv(4096)  # the name and the password
        text = b"ACCESS_REFUSED"
        arguments = struct.pack(">HB", ACCESS_REFUSED, len(text)) + text + struct.pack(">HH", 0, 0)
        self.request.sendall(_frame(CLOSE, arguments))
        self.request.recv(4096)  # that it has understood


def _frame(method: tuple[int, int], arguments: bytes) -> bytes:
    payload = struct.pack(">HH", *method) + arguments
    return struct.pack(">BHI", METHOD, 0, len(payload)) + payload + FRAME_END


def _long(*texts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


@pytest.fixture
def refusing_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"amqp://hub:wrong@127.0.0.1:{server.server_address[1]}/hub"
        monkeypatch.setattr(app.conf, "broker_write_url", address)
        monkeypatch.setattr(app.amqp, "_producer_pool", None)  # it holds the tests' own broker's
        yield
        server.shutdown()
        thread.join()


@pytest.mark.django_db
@pytest.mark.usefixtures("refusing_broker")
def test_readiness_names_the_broker(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == "The broker does not answer."


@pytest.mark.usefixtures("refusing_broker")
def test_a_job_that_it_does_not_take_waits(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert not jobs.hand_over(build_version, "5e0ae5a8-0000-0000-0000-000000000000")
    assert "The broker did not take" in caplog.text
    assert "ACCESS_REFUSED" in caplog.text
