"""The demo from its first line on the terminal to its last: start, prepare, serve, stop."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from hub.demo import listening, programs, samples, static_files
from hub.demo.children import Child
from hub.demo.client import Hub, HubError
from hub.demo.failures import DemoError, InterruptedByPerson
from hub.demo.interruption import Interruption
from hub.demo.keys import ensure_private_folder, ensure_secret, write_private
from hub.demo.presence import Presence
from hub.demo.terminal import Step, Terminal
from hub.demo.watch import Watch
from hub.embedded.failures import EmbeddedError, with_log
from hub.embedded.starting import missing_addresses, start_missing

WEB_SECONDS = 60.0  # a slow disk reads Django for the first time
WORKER_SECONDS = 60.0
WORKER_SAYS = " ready."  # Celery's line once it takes tasks
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOCAL_HOSTS = "localhost,127.0.0.1,[::1]"  # those of the settings where ALLOWED_HOSTS names none
ACCOUNT_FILE = "account.json"


@dataclass(frozen=True, slots=True)
class Options:
    var: Path
    host: str
    port: int
    samples: Path | None  # the folder of sample sets, or none of them


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    password: str
    token: str


def run(options: Options) -> int:
    """Run the demo until somebody ends it; return the exit status."""
    terminal, interruption = Terminal(), Interruption()
    interruption.listen()
    with contextlib.ExitStack() as stack:
        try:
            presence = Presence.claim(options.var)
            stack.callback(presence.release)
            Demo(options, terminal, interruption, presence, stack).run()
        except InterruptedByPerson:
            terminal.say("\nStopping.")
            return 0
        except (DemoError, EmbeddedError, HubError, httpx.HTTPError) as error:
            terminal.say(f"\n{error}\n")
            return 1
    return 0


class Demo:
    """One run. What it starts, it hands to the stack, which ends it in the reverse order."""

    def __init__(
        self,
        options: Options,
        terminal: Terminal,
        interruption: Interruption,
        presence: Presence,
        stack: contextlib.ExitStack,
    ) -> None:
        self.options = options
        self.terminal = terminal
        self.interruption = interruption
        self.presence = presence
        self.stack = stack
        # They may hold the port.
        self.ended = presence.end_leftovers()
        self.listening = stack.enter_context(listening.listen(options.host, options.port))
        self.url = listening.address(self.listening)
        self.watch = Watch(
            options.var / "log", self._environment(), presence, interruption, terminal
        )
        stack.callback(self.watch.drop_tasks)

    def run(self) -> None:
        """Start everything and look after it, until InterruptedByPerson or DemoError."""
        self._begin()
        self._start_services()
        self._prepare()
        self._start_web()
        self._start_workers()
        account = self._ensure_account()
        self._register_space()
        self._make_samples(account)
        self._greet(account)
        while True:
            self.watch.pause(0.5)

    def _begin(self) -> None:
        port = self.listening.getsockname()[1]
        if self.options.port not in (0, port):
            self.terminal.say(f"Port {self.options.port} is taken; using {port}.")
        if self.options.host not in LOOPBACK and not os.environ.get("ALLOWED_HOSTS"):
            self.terminal.say(
                "Others reach this hub only by names that ALLOWED_HOSTS lists, as in"
                " ALLOWED_HOSTS=localhost,127.0.0.1,hub.example.org."
            )
        if self.ended:
            self.terminal.say(f"Ended {self.ended} processes that an earlier demo left behind.")
        ensure_private_folder(self.options.var / "media")
        self.presence.facts.url = self.url
        self.presence.write()

    def _environment(self) -> dict[str, str]:
        """Return what the programs are told; what the person has set stands."""
        defaults = {
            "SECRET_KEY": ensure_secret(self.options.var / "secret-key"),
            "PUBLIC_URL": self.url,
            "PYTHONUNBUFFERED": "1",  # A log is read while it is written.
        }
        given = {name: text for name, text in os.environ.items() if text}
        # The samples are sent to the address that the demo listens at, whoever else may ask.
        own = urlsplit(self.url).netloc.rpartition(":")[0]
        given["ALLOWED_HOSTS"] = f"{given.get('ALLOWED_HOSTS', LOCAL_HOSTS)},{own}"
        addresses = missing_addresses(self.options.var, os.environ)
        return {**defaults, **given, **addresses, "HUB_VAR": str(self.options.var)}

    def _start_services(self) -> None:
        with self.terminal.step("services") as step:
            started = []
            for server in start_missing(self.options.var, os.environ):
                name = server.place.data.name
                self._on_exit(f"stop {name}", server.stop)
                started.append(name)
                step.tell(f"embedded {' and '.join(started)}")
                self.interruption.check()
            if not started:
                step.tell("all named by the environment")

    def _prepare(self) -> None:
        with self.terminal.step("database"):
            self.watch.run(programs.MIGRATE)
            self.watch.run(programs.CREATE_CACHE_TABLE)
        # It loads torch to describe the encoder, which the next steps need not wait for.
        self.watch.begin(programs.REGISTER_SPACE)
        with self.terminal.step("static files") as step:
            if static_files.are_collected(self.options.var):
                step.tell("as they were")
                return
            self.watch.run(programs.COLLECT_STATIC)
            static_files.mark_collected(self.options.var)

    def _register_space(self) -> None:
        with self.terminal.step("embedding space"):
            self.watch.finish(programs.REGISTER_SPACE)
        self.presence.facts.is_ready = True
        self.presence.write()

    def _start_web(self) -> None:
        with self.terminal.step("web") as step:
            child = self.watch.keep(programs.web(self.listening.fileno()))
            self._on_exit("stop web", lambda: self.watch.stop("web"))
            problem = "no answer"
            while problem:
                if step.seconds > WEB_SECONDS:
                    raise DemoError(with_log(f"The web is not ready: {problem}.", child.log))
                self.watch.pause(0.1)
                problem = self._web_problem()
            self.presence.facts.web_seconds = step.seconds
            step.tell(self.url)

    def _web_problem(self) -> str:
        """Return why the web is not ready, or an empty text."""
        try:
            answer = httpx.get(f"{self.url}/health/ready", timeout=5.0, trust_env=False)
        except httpx.HTTPError as error:
            return str(error)
        return "" if answer.is_success else answer.text

    def _start_workers(self) -> None:
        with self.terminal.step("workers") as step:
            children = []
            for program in (programs.worker(self.options.var), programs.questions()):
                children.append(self.watch.keep_restarting(program))
                self._on_exit(f"stop {program.name}", partial(self.watch.stop, program.name))
            for child in children:
                self._wait_for_worker(child, step)

    def _wait_for_worker(self, child: Child, step: Step) -> None:
        while WORKER_SAYS not in child.log.read_text(errors="replace"):
            if step.seconds > WORKER_SECONDS:
                raise DemoError(with_log("A worker does not get ready.", child.log))
            self.watch.pause(0.1)

    def _ensure_account(self) -> Account:
        with self.terminal.step("account") as step, tempfile.TemporaryFile() as output:
            password = ensure_secret(self.options.var / "demo-password")
            self.watch.run(programs.ensure_account(password), output)
            output.seek(0)
            account = Account(**json.loads(output.read()))
            step.tell(account.username)
        write_private(self.options.var / ACCOUNT_FILE, json.dumps(asdict(account)) + "\n")
        return account

    def _make_samples(self, account: Account) -> None:
        if self.options.samples is None:
            return
        with (
            self.terminal.step("samples") as step,
            Hub(self.url, account.token, self.watch.pause) as hub,
        ):
            samples.ensure(hub, account.username, self.options.samples, step.tell)

    def _greet(self, account: Account) -> None:
        mail = f"written to {self.options.var / 'log' / 'web.log'}, not sent"
        if os.environ.get("EMAIL_URL"):
            mail = "sent as EMAIL_URL says"
        self.terminal.say(
            f"""
The Aesthetic Hub is running.

  Address   {self.url}/
  Account   {account.username}
  Password  {account.password}
  API       {self.url}/api/docs  (token in {self.options.var / ACCOUNT_FILE})
  Mail      {mail}
  Logs      {self.options.var / "log"}

Ctrl-C stops it; the next start keeps everything."""
        )

    def _on_exit(self, name: str, stop: Callable[[], object]) -> None:
        """Stop something at the end, as a step of its own."""

        def stop_visibly() -> None:
            with self.terminal.step(name) as step:
                outcome = stop()
                step.tell(str(outcome or ""))

        self.stack.callback(stop_visibly)
