"""A mail server of the test's own: it keeps what it takes, and refuses what it is told to."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

CLOSING = "421"  # the reply after which a server ends the connection (RFC 5321, 3.8)


class MailServer(socketserver.ThreadingTCPServer):
    """It speaks as much of SMTP as it takes to send a mail to one person."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        # Replies by what is refused: ("rcpt", whom), ("data", whom) or ("mail", by whom).
        self.refusals: dict[tuple[str, str], str] = {}
        self.taken: list[tuple[str, EmailMessage]] = []  # whom, and what
        self.asked: list[str] = []  # who was named, taken or not

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def reached(self) -> list[str]:
        return [whom for whom, _ in self.taken]


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 here")
        whom = ""
        for line in self.rfile:
            command, _, argument = line.decode().strip().partition(" ")
            verb = command.lower()
            address = argument.partition("<")[2].partition(">")[0]
            if verb == "rcpt":
                whom = address
                self.server.asked.append(whom)
            if verb == "data":
                reply = self._take(whom)
            else:
                reply = self.server.refusals.get((verb, address))
            self._say(reply or ("221 bye" if verb == "quit" else "250 fine"))
            if verb == "quit" or (reply or "").startswith(CLOSING):
                return

    def _take(self, whom: str) -> str | None:
        """Read a message, and keep it unless it is refused; return the refusal."""
        self._say("354 go on")
        data = bytearray()
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            data += line
        reply = self.server.refusals.get(("data", whom))
        if reply is None:
            message = message_from_bytes(bytes(data), policy=policy.default)
            self.server.taken.append((whom, message))
        return reply

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


@contextmanager
def running() -> Iterator[MailServer]:
    """Start a server at a port of its own; it is gone after the block."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
