"""The embedded PostgreSQL: made once, started where it does not run, adopted where it does.

The wheel gives the programs. Its Python class takes any living process for the server whose number
stands in a stale file, keeps a list of users that a SIGKILL spoils, and opens all folders above the
data for reading to everybody.
"""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from hub.embedded.accounts import Account, make_private_folder, open_way, server_account, wheel
from hub.embedded.addresses import POSTGRES_PORT, POSTGRES_ROLE, Place, postgres_place
from hub.embedded.failures import EmbeddedError, with_log
from hub.embedded.servers import Server, end, gate

START_SECONDS = 60  # includes the recovery of a big database after a power cut
STOP_FAST = (signal.SIGINT, 20.0)  # PostgreSQL's "fast": open transactions are rolled back
STOP_AT_ONCE = (signal.SIGQUIT, 5.0)  # "immediate": recovers at the next start

# The builtin provider knows Unicode's letters on every platform, whatever locale the machine has;
# only pg_trgm still asks the C library which characters are letters.
LETTERS = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
INITDB = (
    f"--username={POSTGRES_ROLE}",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    f"--lc-ctype={LETTERS}",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--set=listen_addresses=",
    # Trust is for whoever opens the socket: the account that runs the server, and root.
    "--set=unix_socket_permissions=0700",
)


def start_postgres(var: Path) -> Server:
    """Return the PostgreSQL of this var folder, running, with an empty database `hub` if it is new.

    Raises EmbeddedError with a sentence and the end of the server's log.
    """
    place = postgres_place(var)
    with gate(place.gate):
        account = server_account(place.data)
        _ensure_cluster(place, account)
        process = _ensure_running(place, account)
        _ensure_database(place)
        return Server(place, process, (STOP_FAST, STOP_AT_ONCE))


def _ensure_cluster(place: Place, account: Account) -> None:
    """Run initdb beside the final name: killed half-way, it leaves what looks complete."""
    if (place.data / "PG_VERSION").exists():
        return
    _end_forgotten(place.data)
    unfinished = place.data.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private_folder(unfinished, account)
    open_way(account, unfinished)
    _run("initdb", INITDB, unfinished, account)
    unfinished.rename(place.data)


def _end_forgotten(data: Path) -> None:
    """End a server whose data were deleted while it ran: it would keep the socket's name."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and str(data) in (process.info["cmdline"] or ()):
            end(process, (STOP_AT_ONCE, (signal.SIGKILL, 5.0)))


def _ensure_running(place: Place, account: Account) -> psutil.Process:
    """Start the server unless it runs; wait where it is just starting or stopping."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        process = _postmaster(place.data)
        if process is None:
            _launch(place, account)
        elif _answers(place):
            return process
        else:
            time.sleep(0.1)
    raise EmbeddedError(
        "no-answer", with_log("The embedded PostgreSQL does not answer.", place.log)
    )


def _postmaster(data: Path) -> psutil.Process | None:
    """Return the server of postmaster.pid if it lives.

    After a power cut or a container's restart the number may belong to any program. A server is
    known by its name and by its working directory, which is its data folder.
    """
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split("\n", 1)[0]))
        if process.name() == "postgres" and Path(process.cwd()) == data:
            return process
    except (OSError, ValueError, psutil.Error):
        return None
    return None


def _launch(place: Place, account: Account) -> None:
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    if place.socket.parent != place.data:
        make_private_folder(place.socket.parent, account)
    place.socket.with_name(f"{place.socket.name}.lock").unlink(missing_ok=True)
    place.log.parent.mkdir(exist_ok=True)
    place.log.touch(mode=0o600)
    os.chown(place.log, account.uid, account.gid)
    open_way(account, place.data, place.log, place.socket)
    options = f"-p {POSTGRES_PORT} -k {shlex.quote(str(place.socket.parent))}"
    arguments = [
        "start",
        "--wait",
        f"--timeout={START_SECONDS}",
        f"--log={place.log}",
        "-o",
        options,
    ]
    try:
        _run("pg_ctl", arguments, place.data, account)
    except EmbeddedError as error:
        raise EmbeddedError(
            error.code, with_log("The embedded PostgreSQL does not start.", place.log)
        ) from error


def _run(program: str, arguments: Sequence[str], data: Path, account: Account) -> None:
    """Run one of PostgreSQL's programs as the account, out of reach of the terminal's Ctrl-C."""
    root = os.geteuid() == 0
    # PGPORT, PGOPTIONS and the like are meant for another server.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [wheel() / "pginstall/bin" / program, "-D", data, *arguments],
        user=account.uid if root else None,
        group=account.gid if root else None,
        extra_groups=[] if root else None,
        start_new_session=True,
        env=environment,
        cwd="/",  # Ours may be closed to the account.
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EmbeddedError("postgres-failed", f"PostgreSQL's {program} failed: {done.stderr}")


def _answers(place: Place) -> bool:
    with contextlib.suppress(psycopg.OperationalError), _connection(place):
        return True
    return False


def _ensure_database(place: Place) -> None:
    with _connection(place) as connection:
        found = connection.execute(
            "SELECT FROM pg_database WHERE datname = %s", [POSTGRES_ROLE]
        ).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(POSTGRES_ROLE)))


def _connection(place: Place) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(place.socket.parent),
        port=POSTGRES_PORT,
        user=POSTGRES_ROLE,
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    )
