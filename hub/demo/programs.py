"""The programs that make up a running hub."""

import signal
import sys
from pathlib import Path

from hub.demo.children import ASK, FORCE, Program

# What has to be done before the hub can answer, in this order.
PREPARATIONS = (
    ("migrate", "--noinput"),
    ("createcachetable",),
    ("collectstatic", "--noinput"),
    ("register_space",),
)

ACCOUNT = "demo"
QUEUES = "encode,embed,generate"


def manage(*arguments: str) -> Program:
    """One of Django's commands."""
    return Program(arguments[0], (sys.executable, "manage.py", *arguments))


def ensure_account(password: str) -> Program:
    """The command that makes the demo's account, or finds it, and prints it as JSON."""
    arguments = ("ensure_demo_account", "--username", ACCOUNT)
    return Program(
        arguments[0],
        (sys.executable, "manage.py", *arguments),
        variables={"DEMO_PASSWORD": password},
    )


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


def worker(var: Path) -> Program:
    """One Celery worker for all queues, with the timer for the sweep inside."""
    return Program(
        "worker",
        (
            *(sys.executable, "-m", "celery", "-A", "hub", "worker"),
            *("--pool", "prefork", "--concurrency", "2", "--queues", QUEUES),
            *("--beat", "--schedule", str(var / "beat-schedule")),
            # There is no second worker to exchange news with.
            *("--without-gossip", "--without-mingle"),
            *("--loglevel", "INFO"),
        ),
        # A job that is cut short is taken up again at the next start, so there is no need to wait
        # for it: warm, cold, kill.
        endings=(ASK, (signal.SIGQUIT, 4.0), FORCE),
    )
