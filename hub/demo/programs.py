"""The programs that make up a running hub."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.demo.children import FORCE, Program
from hub.queues import BUILDS, DRAWINGS, QUESTIONS

ACCOUNT = "demo"
WORK = (BUILDS, DRAWINGS)
WORKER_PROCESSES = 2  # a build does not have to wait for a drawing


def threads_each() -> int:
    """Return the cores for one worker process.

    Processes that together use more threads than there are cores wait for each other in busy
    loops: with twice as many, a drawing of one second took up to twenty.
    """
    return max(1, (os.cpu_count() or 1) // WORKER_PROCESSES)


def manage(*arguments: str, **variables: str) -> Program:
    """One of Django's commands, with variables of its own."""
    return Program(arguments[0], (sys.executable, "manage.py", *arguments), variables=variables)


MIGRATE = manage("migrate", "--noinput")
CREATE_CACHE_TABLE = manage("createcachetable")
COLLECT_STATIC = manage("collectstatic", "--noinput")
REGISTER_SPACE = manage("register_space")


def ensure_account(password: str) -> Program:
    """The command that makes the demo's account, or finds it, and prints it as JSON."""
    return manage("ensure_demo_account", "--username", ACCOUNT, DEMO_PASSWORD=password)


def web(listening: int) -> Program:
    """The web process, on a socket that listens already."""
    return Program(
        "web",
        (
            *(sys.executable, "-m", "gunicorn", "hub.wsgi:application"),
            *("--workers", "1", "--threads", "8"),
            *("--bind", f"fd://{listening}"),
            # Open streams of events would hold a longer goodbye up.
            *("--graceful-timeout", "3"),
            *("--access-logfile", "-"),
            "--no-control-socket",
        ),
        pass_fds=(listening,),
    )


def worker(var: Path, *queues: str) -> Program:
    """The Celery worker for builds and drawings, with the timer for the sweep inside.

    Where queues are named, it is for those.
    """
    return _celery_worker(
        "worker",
        queues or WORK,
        WORKER_PROCESSES,
        threads_each(),
        *("--beat", "--schedule", str(var / "beat-schedule")),
    )


def questions() -> Program:
    """The Celery worker for questions: somebody waits for each, and none takes long.

    It has few threads, since they come on top of those that keep the cores busy.
    """
    return _celery_worker("questions", [QUESTIONS], 1, max(1, threads_each() // 2))


def _celery_worker(
    name: str, queues: Sequence[str], processes: int, threads: int, *more: str
) -> Program:
    return Program(
        name,
        (
            *(sys.executable, "-m", "celery", "-A", "hub", "worker", "--hostname", f"{name}@%h"),
            *("--pool", "prefork", "--concurrency", str(processes), "--queues", ",".join(queues)),
            # They have no news to exchange.
            *("--without-gossip", "--without-mingle"),
            *("--loglevel", "INFO"),
            *more,
        ),
        # A job that is cut short is taken up again after the next start, so there is no need to
        # wait for its end: Celery's warm shutdown, its cold one, the end.
        endings=((signal.SIGTERM, 3.0), (signal.SIGQUIT, 2.0), FORCE),
        variables={"TORCH_THREADS": os.environ.get("TORCH_THREADS") or str(threads)},
    )
