"""The embedded servers: addresses, starting, adopting, surviving, stopping. Real programs all."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dj_database_url
import kombu
import psutil
import psycopg
import pytest
import redis

from hub.embedded import broker_url, cache_url, database_url
from hub.embedded.addresses import LONGEST_SOCKET_PATH, Place, postgres_place, valkey_place
from hub.embedded.postgres import start_postgres
from hub.embedded.servers import Ending, Server, has_ended
from hub.embedded.valkey import start_valkey

Start = Callable[[Path], Server]


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """Give one folder to all tests that leave it in order. See `fresh_var`."""
    with tempfile.TemporaryDirectory(prefix="hub-test-") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def postgres(var: Path) -> Iterator[Server]:
    server = start_postgres(var)
    yield server
    server.stop()


@pytest.fixture
def valkey(var: Path) -> Iterator[Server]:
    server = start_valkey(var)
    yield server
    server.stop()


def kill(server: Server) -> None:
    server.process.kill()
    while not has_ended(server.process):
        time.sleep(0.01)


def hold(start: Start, var: Path) -> "subprocess.Popen[str]":
    """Start the server from another process, which then waits to be killed."""
    script = (
        f"import pathlib, time; from {start.__module__} import {start.__name__} as start\n"
        f"server = start(pathlib.Path({str(var)!r})); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


# --- Addresses: no server runs ------------------------------------------------------------------


def test_the_database_url_gives_django_the_socket_folder(tmp_path: Path) -> None:
    parsed = dj_database_url.parse(database_url(tmp_path / "Var"))
    assert parsed["HOST"] == str(postgres_place(tmp_path / "Var").socket.parent)
    assert (parsed["NAME"], parsed["USER"], parsed["PORT"]) == ("hub", "hub", 5432)


def test_a_socket_lies_in_the_data_folder_where_its_path_is_short_and_plain() -> None:
    assert str(postgres_place(Path("/srv/hub")).socket) == "/srv/hub/postgres/.s.PGSQL.5432"
    assert broker_url(Path("/srv/hub")).startswith("redis+socket:///srv/hub/valkey/valkey.sock?")


@pytest.mark.parametrize("var", ["/srv/" + "deep/" * 30, "/home/ä/hub", "/home/a/my hub", "/a?b"])
@pytest.mark.parametrize("place_of", [postgres_place, valkey_place])
def test_a_path_that_no_socket_can_have_is_replaced(
    place_of: Callable[[Path], Place], var: str
) -> None:
    place = place_of(Path(var))
    assert place.data.is_relative_to(var)
    assert not place.socket.is_relative_to(var)
    assert len(os.fsencode(place.socket)) <= LONGEST_SOCKET_PATH


def test_two_var_folders_never_share_a_socket_folder() -> None:
    deep = Path("/srv/" + "deep/" * 30)
    folders = [postgres_place(deep / name).socket.parent for name in ("a", "b")]
    assert folders[0] != folders[1]


# --- PostgreSQL ---------------------------------------------------------------------------------


def test_postgres_starts_with_the_database_and_the_extensions_that_migrations_make(
    postgres: Server, var: Path
) -> None:
    with psycopg.connect(database_url(var)) as connection:
        for name in ("vector", "pg_trgm", "unaccent"):
            connection.execute(f"CREATE EXTENSION {name}")
        row = connection.execute("SELECT lower('ÄÖ'), similarity('Äpfel', 'äpfel')").fetchone()
        connection.rollback()
    assert row == ("äö", 1.0)


def test_postgres_opens_no_port_and_its_socket_is_closed_to_others(
    postgres: Server, var: Path
) -> None:
    with psycopg.connect(database_url(var)) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    place = postgres_place(var)
    assert place.socket.stat().st_mode & 0o077 == 0
    assert place.data.stat().st_mode & 0o077 == 0
    assert not [c for c in postgres.process.net_connections("inet") if c.status == "LISTEN"]


def test_postgres_runs_where_no_socket_can_lie_and_leaves_no_socket_folder(fresh_var: Path) -> None:
    var = fresh_var / ("deep " * 20) / ("x" * 60)
    server = start_postgres(var)
    with psycopg.connect(database_url(var)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert server.stop() is Ending.STOPPED
    assert not server.place.socket.parent.exists()


def test_postgres_starts_though_its_old_number_belongs_to_another_program(var: Path) -> None:
    server = start_postgres(var)
    owner = server.process.uids().real
    kill(server)
    server.stop()
    other = subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None)
    numbers = server.place.data / "postmaster.pid"
    stale = numbers.read_text().replace(str(server.process.pid), str(other.pid), 1)
    numbers.write_text(stale)
    again = start_postgres(var)
    assert again.process.pid != other.pid
    assert again.stop() is Ending.STOPPED
    assert other.poll() is None
    other.kill()
    other.wait()


def test_an_initdb_that_was_killed_is_begun_anew(fresh_var: Path) -> None:
    unfinished = fresh_var / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = start_postgres(fresh_var)
    assert server.stop() is Ending.STOPPED
    assert not unfinished.exists()


def test_a_server_whose_data_were_deleted_is_ended_by_the_next_start(fresh_var: Path) -> None:
    forgotten = start_postgres(fresh_var)
    shutil.rmtree(fresh_var / "postgres")
    server = start_postgres(fresh_var)
    assert has_ended(forgotten.process)
    forgotten.stop()
    assert server.stop() is Ending.STOPPED


def test_variables_meant_for_another_postgres_change_nothing(
    fresh_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"PGPORT": "6543", "PGDATA": "/nowhere", "PGHOST": "elsewhere"}.items():
        monkeypatch.setenv(name, text)
    server = start_postgres(fresh_var)
    with psycopg.connect(database_url(fresh_var)) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("hub",)
    server.stop()


# --- Valkey -------------------------------------------------------------------------------------


def test_valkey_serves_the_broker_and_the_cache_from_two_databases(
    valkey: Server, var: Path
) -> None:
    with kombu.Connection(broker_url(var)) as connection:
        queue = connection.SimpleQueue("words")
        queue.put({"id": 7})
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
    with redis.Redis.from_url(cache_url(var)) as cache:
        assert cache.keys() == []
    assert message.payload == {"id": 7}


def test_a_full_valkey_drops_of_the_cache_and_keeps_every_message(valkey: Server) -> None:
    """What waits for a worker has no end; what is kept for an hour gives way."""
    broker, cache = (
        redis.Redis(unix_socket_path=str(valkey.place.socket), db=number) for number in (0, 1)
    )
    most = int(broker.config_get("maxmemory")["maxmemory"] or 0)
    assert 0 < most <= 2**30
    try:
        broker.config_set("maxmemory", broker.info("memory")["used_memory"] + 8 * 2**20)
        broker.rpush("a-queue", *(f"message {number}" for number in range(100)))
        for number in range(40):
            cache.set(f"conditioning:{number}", b"x" * 2**20, ex=3600)
        assert broker.llen("a-queue") == 100
        assert 0 < len(cache.keys()) < 40
        broker.rpush("a-queue", "one more")
    finally:
        broker.config_set("maxmemory", most)
        broker.delete("a-queue")
        cache.flushdb()


def test_valkey_opens_no_port_and_its_socket_is_closed_to_others(valkey: Server, var: Path) -> None:
    assert valkey_place(var).socket.stat().st_mode & 0o077 == 0
    assert not [c for c in valkey.process.net_connections("inet") if c.status == "LISTEN"]


@pytest.mark.parametrize("end", [Server.stop, kill])
def test_valkey_remembers_what_was_queued(fresh_var: Path, end: Callable[[Server], object]) -> None:
    first = start_valkey(fresh_var)
    with redis.Redis.from_url(cache_url(fresh_var)) as client:
        client.rpush("queue", "work")
        time.sleep(1.1)  # The append-only file is written out once a second.
    end(first)
    second = start_valkey(fresh_var)
    with redis.Redis.from_url(cache_url(fresh_var)) as client:
        assert client.lrange("queue", 0, -1) == [b"work"]
    first.stop()
    second.stop()


# --- Both ---------------------------------------------------------------------------------------

both = pytest.mark.parametrize("start", [start_postgres, start_valkey])


@both
def test_a_running_server_is_adopted_and_ends_with_its_last_user(start: Start, var: Path) -> None:
    first, second = start(var), start(var)
    assert first.process.pid == second.process.pid
    assert first.stop() is Ending.IN_USE
    assert not has_ended(second.process)
    assert second.stop() is Ending.STOPPED
    assert has_ended(second.process)
    assert second.stop() is Ending.STOPPED  # A second call changes nothing.


@both
def test_a_server_is_not_stopped_under_another_process(start: Start, var: Path) -> None:
    other = hold(start, var)
    server = start(var)
    assert server.stop() is Ending.IN_USE
    other.kill()
    other.communicate()
    start(var).stop()
    assert has_ended(server.process)


@both
def test_a_server_left_by_a_killed_process_is_adopted_and_stopped(start: Start, var: Path) -> None:
    other = hold(start, var)
    other.kill()
    other.communicate()
    server = start(var)
    assert server.stop() is Ending.STOPPED
    assert has_ended(server.process)


@both
def test_a_server_starts_again_after_sigkill(start: Start, var: Path) -> None:
    killed = start(var)
    kill(killed)
    server = start(var)
    assert server.process.pid != killed.process.pid
    killed.stop()
    assert not has_ended(server.process)
    assert server.stop() is Ending.STOPPED


@both
def test_the_terminals_ctrl_c_does_not_reach_a_server(start: Start, var: Path) -> None:
    server = start(var)
    assert os.getsid(server.process.pid) != os.getsid(0)
    server.stop()


# --- python -m hub.embedded ---------------------------------------------------------------------


def command(var: Path, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    inherited = {name: text for name, text in os.environ.items() if not name.endswith("_URL")}
    return subprocess.Popen(
        [sys.executable, "-m", "hub.embedded", f"--var={var}", "--", *arguments],
        env=inherited | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_command_runs_with_both_servers_and_its_status_is_returned(var: Path) -> None:
    shown = "echo $DATABASE_URL $CELERY_BROKER_URL $CACHE_URL; exit 3"
    process = command(var, "sh", "-c", shown)
    output, _ = process.communicate(timeout=30)
    assert output.split() == [database_url(var), broker_url(var), cache_url(var)]
    assert process.returncode == 3
    assert not postgres_place(var).socket.exists()
    assert not valkey_place(var).socket.exists()


def test_a_server_whose_variable_is_set_is_not_started(fresh_var: Path) -> None:
    elsewhere = {"DATABASE_URL": "postgresql://elsewhere/hub", "CELERY_BROKER_URL": "redis://there"}
    process = command(fresh_var, "sh", "-c", "echo $DATABASE_URL $CACHE_URL", **elsewhere)
    output, _ = process.communicate(timeout=30)
    assert output.split() == ["postgresql://elsewhere/hub"]
    assert not (fresh_var / "postgres").exists()
    assert not (fresh_var / "valkey").exists()


def test_a_command_that_does_not_exist_is_said_in_words(var: Path) -> None:
    process = command(var, "no-such-program")
    _, errors = process.communicate(timeout=30)
    assert errors == "no-such-program can't be run: No such file or directory.\n"
    assert process.returncode == 127


def test_sigterm_is_handed_to_the_command_and_the_servers_end(var: Path) -> None:
    process = command(var, "sh", "-c", "echo started; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert not postgres_place(var).socket.exists()
    assert not psutil.pid_exists(process.pid)


def test_a_signal_that_comes_with_the_command_reaches_it(var: Path) -> None:
    process = command(var, "sh", "-c", "kill -TERM $PPID; exec sleep 60")
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_servers_start_ends_them_and_no_command_runs(
    fresh_var: Path, number: signal.Signals
) -> None:
    process = command(fresh_var, "echo", "started")
    while not (fresh_var / "postgres.unfinished").exists():
        time.sleep(0.01)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert (output, errors) == ("", "")
    assert process.returncode == 128 + number
    assert not postgres_place(fresh_var).socket.exists()
