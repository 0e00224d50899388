"""Where the embedded servers keep their data and their sockets. Nothing here touches a server."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]

POSTGRES_PORT = 5432  # Part of the socket's file name; no port is opened.
POSTGRES_ROLE = "hub"  # The cluster's superuser and the name of the database.

# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero included.
LONGEST_SOCKET_PATH = 103

# Both servers, kombu and redis-py each quote a socket's path in their own way, or not at all.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """One embedded server's files: its data, its socket, its log, and two lock files."""

    data: Path
    socket: Path
    log: Path
    gate: Path
    users: Path


def var_folder() -> Path:
    """Return $HUB_VAR, or the folder var/ of this checkout, as an absolute path without links."""
    return Path(os.environ.get("HUB_VAR") or ROOT / "var").resolve()


def postgres_place(var: Path) -> Place:
    return _place(var, "postgres", f".s.PGSQL.{POSTGRES_PORT}")


def valkey_place(var: Path) -> Place:
    return _place(var, "valkey", "valkey.sock")


def database_url(var: Path) -> str:
    """Return the address of the embedded database in the form that Django and libpq read."""
    folder = quote(str(postgres_place(var).socket.parent), safe="")
    return f"postgresql://{POSTGRES_ROLE}@{folder}:{POSTGRES_PORT}/{POSTGRES_ROLE}"


def broker_url(var: Path) -> str:
    """Return the address of the embedded broker in kombu's form: database 0."""
    return f"redis+socket://{valkey_place(var).socket}?virtual_host=0"


def cache_url(var: Path) -> str:
    """Return the address of the embedded cache in redis-py's form: the broker's database 1."""
    return f"unix://{valkey_place(var).socket}?db=1"


def _place(var: Path, name: str, socket_name: str) -> Place:
    var = var.resolve()
    data = var / name
    return Place(
        data=data,
        socket=_socket_folder(data, socket_name) / socket_name,
        log=var / "log" / f"{name}.log",
        gate=var / "run" / f"{name}.gate",
        users=var / "run" / f"{name}.users",
    )


def _socket_folder(data: Path, socket_name: str) -> Path:
    """Choose the data folder, or, where no socket can lie in it, one named by the path's hash."""
    path = str(data / socket_name)
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(path):
        return data
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"aesthetic-hub-{name}"
