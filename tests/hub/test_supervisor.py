"""The demo's supervisor: its parts with small real programs, and the whole demo once."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from hub.demo import listening, static_files
from hub.demo.children import Child, Program, end_leftover, start
from hub.demo.failures import DemoError, InterruptedByPerson
from hub.demo.interruption import SIGNALS, Interruption
from hub.demo.keys import ensure_private_folder, ensure_secret, write_private
from hub.demo.presence import Presence, read_facts
from hub.demo.samples import SAMPLES, read_sets
from hub.demo.terminal import Terminal
from hub.demo.watch import RESTARTS, Watch
from hub.embedded.servers import has_ended


def python(name: str, script: str) -> Program:
    return Program(name, (sys.executable, "-c", script))


def wait_until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.02)


# --- The terminal -------------------------------------------------------------------------------


def test_a_step_is_one_line_with_its_time_and_the_last_thing_told() -> None:
    stream = io.StringIO()
    with Terminal(stream).step("migrate") as step:
        step.tell("1 of 2")
        step.tell("2 of 2")
    assert stream.getvalue() == f"  {'migrate':<22}    0.0 s  2 of 2\n"


def test_a_step_that_fails_is_not_shown_as_done() -> None:
    stream = io.StringIO()
    with pytest.raises(DemoError), Terminal(stream).step("migrate"):
        raise DemoError("No.")
    assert stream.getvalue().endswith("not finished\n")


def test_a_window_that_was_closed_keeps_nobody_from_working() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        os.close(reading)
        terminal = Terminal(stream)
        terminal.say("Stopping.")
        with terminal.step("stop worker") as step:
            step.tell("stopped")
        with contextlib.suppress(BrokenPipeError):
            stream.close()


# --- Ctrl-C -------------------------------------------------------------------------------------


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    noticed = Interruption()
    noticed.listen()
    yield noticed
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_pause_and_every_later_one(
    interruption: Interruption, number: signal.Signals
) -> None:
    interruption.pause(0.01)
    started = time.monotonic()
    os.kill(os.getpid(), number)
    with pytest.raises(InterruptedByPerson):
        interruption.pause(30)
    with pytest.raises(InterruptedByPerson):
        interruption.check()
    assert time.monotonic() - started < 1


# --- Secrets ------------------------------------------------------------------------------------


def test_a_secret_is_made_once_and_is_nobody_elses_business(tmp_path: Path) -> None:
    file = tmp_path / "secret-key"
    secret = ensure_secret(file)
    assert len(secret) >= 43  # 256 bits in base64
    assert ensure_secret(file) == secret
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_empty_secret_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secret-key"
    file.touch()
    assert ensure_secret(file)


def test_a_private_file_replaces_what_others_could_read(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text("{}")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir(mode=0o755)
    (folder / "picture.webp").touch()
    ensure_private_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "picture.webp").exists()


# --- The port -----------------------------------------------------------------------------------


def test_a_taken_port_is_passed_over() -> None:
    with listening.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with listening.listen("127.0.0.1", port) as another:
            assert another.getsockname()[1] > port
            assert listening.address(another) == f"http://127.0.0.1:{another.getsockname()[1]}"


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])  # noqa: S104
def test_the_address_is_one_that_a_browser_takes(host: str, shown: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("This machine has no IPv6.")
    with listening.listen(host, 0) as opened:
        assert listening.address(opened) == f"http://{shown}:{opened.getsockname()[1]}"


def test_an_address_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(DemoError, match=r"^192\.0\.2\.1:8000 can't be listened at: "):
        listening.listen("192.0.2.1", 8000)


# --- Processes ----------------------------------------------------------------------------------

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


def test_a_process_that_ignores_sigterm_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program = Program(
        "stubborn",
        (sys.executable, "-c", STUBBORN),
        endings=((signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0)),
    )
    child = start(program, tmp_path, os.environ)
    wait_until(child.log.read_text)
    grandchild = psutil.Process(int(child.log.read_text()))
    assert os.getsid(child.process.pid) != os.getsid(0)
    child.stop()
    assert child.status == -signal.SIGKILL
    wait_until(lambda: has_ended(grandchild))


@pytest.fixture
def presence(tmp_path: Path) -> Iterator[Presence]:
    claimed = Presence.claim(tmp_path)
    yield claimed
    claimed.release()


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def watch(
    tmp_path: Path, presence: Presence, interruption: Interruption, screen: io.StringIO
) -> Watch:
    return Watch(tmp_path / "log", os.environ, presence, interruption, Terminal(screen))


def pause_often(watch: Watch) -> None:
    for _ in range(500):
        watch.pause(0.02)


def test_a_command_that_fails_is_told_with_the_end_of_its_log(watch: Watch, tmp_path: Path) -> None:
    with pytest.raises(DemoError) as caught:
        watch.run(python("migrate", "import sys; print('no table'); sys.exit(3)"))
    log = tmp_path / "log" / "migrate.log"
    assert str(caught.value) == f"migrate ended with exit status 3. Its log is {log}:\nno table"


def test_a_commands_answer_is_kept_out_of_its_log(watch: Watch, tmp_path: Path) -> None:
    with (tmp_path / "answer").open("wb+") as output:
        watch.run(python("ask", "import sys; print('42'); print('why', file=sys.stderr)"), output)
        output.seek(0)
        assert output.read() == b"42\n"
    assert (tmp_path / "log" / "ask.log").read_text() == "why\n"


def test_the_log_of_the_run_before_is_kept(watch: Watch, tmp_path: Path) -> None:
    for word in ("first", "second"):
        watch.run(python("migrate", f"print({word!r})"))
    assert (tmp_path / "log" / "migrate.log").read_text() == "second\n"
    assert (tmp_path / "log" / "migrate.log.1").read_text() == "first\n"


def test_a_log_is_its_owners_alone(watch: Watch, tmp_path: Path) -> None:
    """Mails of the demo are written to it."""
    log = tmp_path / "log" / "migrate.log"
    log.write_text("of an earlier version")
    log.chmod(0o644)
    watch.run(python("migrate", "print('A link that logs in')"))
    for each in (log, log.with_suffix(".log.1")):
        assert each.stat().st_mode & 0o777 == 0o600


def test_a_task_that_was_begun_is_ended_when_nobody_waits_for_it(watch: Watch) -> None:
    watch.begin(python("register_space", "import time; time.sleep(60)"))
    child = watch._tasks["register_space"]
    watch.drop_tasks()
    assert child.status is not None


def test_the_death_of_the_web_ends_the_demo_with_its_last_words(watch: Watch) -> None:
    watch.keep(python("web", "import sys; sys.exit('address in use')"))
    with pytest.raises(DemoError, match=r"^web ended with exit status 1\.(?s:.*)address in use$"):
        pause_often(watch)


def test_a_worker_that_dies_is_started_again_a_few_times(
    watch: Watch, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.demo.watch.RESTART_SECONDS", 0.01)
    watch.keep_restarting(python("worker", "import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(DemoError, match=r"^worker was ended by signal 9\."):
        pause_often(watch)
    said = screen.getvalue().splitlines()
    assert len(said) == RESTARTS
    assert said[0].startswith("worker was ended by signal 9; starting it again (1 of 3). See ")


# --- One demo a folder --------------------------------------------------------------------------


def test_a_second_demo_is_told_which_one_runs(presence: Presence, tmp_path: Path) -> None:
    presence.facts.url = "http://127.0.0.1:8000"
    presence.write()
    with pytest.raises(DemoError) as caught:
        Presence.claim(tmp_path)
    expected = f"{tmp_path} already: process {os.getpid()} at http://127.0.0.1:8000. Stop it first"
    assert expected in str(caught.value)


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(DemoError, match=r"^The demo can't write to .*; let HUB_VAR name another"):
        Presence.claim(tmp_path / "var")


def test_what_a_killed_demo_left_running_is_ended_by_the_next(tmp_path: Path) -> None:
    killed = Presence.claim(tmp_path)
    child = start(python("web", "import time; time.sleep(60)"), tmp_path, os.environ)
    killed.remember(child)
    os.close(killed._descriptor)  # as the kernel does it
    following = Presence.claim(tmp_path)
    assert following.end_leftovers() == 1
    assert child.status == -signal.SIGTERM
    following.release()


def test_a_process_that_only_has_the_number_of_an_old_one_is_left_alone(tmp_path: Path) -> None:
    child: Child = start(python("other", "import time; time.sleep(60)"), tmp_path, os.environ)
    started = psutil.Process(child.process.pid).create_time()
    assert not end_leftover(child.process.pid, started - 100)
    assert child.status is None
    child.stop()


# --- Samples and static files -------------------------------------------------------------------


def test_every_sample_set_of_the_checkout_can_be_read() -> None:
    sets = read_sets(SAMPLES)
    assert len(sets) >= 7
    for each in sets:
        assert len(each.pictures) >= 8, each.slug
        assert all(picture.path.is_file() for picture in each.pictures), each.slug


def test_a_set_without_a_licence_is_refused_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mist" / "set.toml"
    file.parent.mkdir()
    file.write_text('title = "Mist"\ndescription = "Grey."\n')
    with pytest.raises(
        DemoError, match=r"mist/set\.toml does not describe a sample set: 'licence'"
    ):
        read_sets(tmp_path)


def test_static_files_are_collected_again_when_one_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_files, "SOURCES", tmp_path / "static")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "hub.css").write_text("a {}")
    assert not static_files.are_collected(tmp_path)
    static_files.mark_collected(tmp_path)
    assert static_files.are_collected(tmp_path)
    (tmp_path / "static" / "hub.css").write_text("b { }")
    assert not static_files.are_collected(tmp_path)


# --- The whole demo -----------------------------------------------------------------------------


def demo(var: Path, **environment: str) -> "subprocess.Popen[str]":
    ours = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "SECRET_KEY", "DEBUG"}
    inherited = {name: text for name, text in os.environ.items() if name not in ours}
    return subprocess.Popen(
        [sys.executable, "-m", "hub.demo", "--port", "0", "--no-samples"],
        env={**inherited, **environment, "HUB_VAR": str(var)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_of(var: Path) -> list[psutil.Process]:
    """Return the living processes with this var folder in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HUB_VAR") == str(var) and not has_ended(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
def test_a_demo_survives_sigkill_and_ends_with_everything_it_started(fresh_var: Path) -> None:
    var = fresh_var
    killed = demo(var)
    wait_until(lambda: read_facts(var).is_ready, seconds=180)

    refused = demo(var)
    said, _ = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert f"process {killed.pid} at {read_facts(var).url}" in said
    account = json.loads((var / "account.json").read_text())
    assert (var / "media").stat().st_mode & 0o777 == 0o700
    assert {log.stat().st_mode & 0o777 for log in (var / "log").glob("w*.log")} == {0o600}

    killed.kill()
    killed.communicate()
    assert len(processes_of(var)) > 3  # web, workers and servers go on

    second = demo(var, ALLOWED_HOSTS="hub.example.org")  # and its own, for the samples
    wait_until(lambda: read_facts(var).is_ready and read_facts(var).pid == second.pid, seconds=180)
    assert httpx.get(f"{read_facts(var).url}/health/ready", trust_env=False).status_code == 200
    assert httpx.get(f"{read_facts(var).url}/api/v1/", trust_env=False).status_code == 200
    assert json.loads((var / "account.json").read_text())["password"] == account["password"]
    second.send_signal(signal.SIGTERM)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "Ended 3 processes that an earlier demo left behind." in said
    assert "Traceback" not in said
    assert processes_of(var) == []
