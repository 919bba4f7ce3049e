"""Keeps a few processes running: started in order of need, started again when they fall, ended without a trace."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from uuid import uuid4

from deployments.engine.status_file import StatusFile
from deployments.engine.stopping import Stop
from models.errors import EngineError, WatchbillError

POLL_SECONDS = 0.05
STEADY_SECONDS = 60.0
"""A child that lived this long did not fall because of its start: its next wait is short again."""
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
KILL_SECONDS = 5.0
SWEEP_SECONDS = 2.0
TAIL_LINES = 15
BIG_LOG_BYTES = 10_000_000
MARKER = "WATCHBILL_SUPERVISOR"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Child:
    """One process to keep running."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    """All of it; nothing is inherited from the supervisor."""
    ready: Callable[[], bool] | None = None
    """Whether it works; None: as soon as it runs. Asked often, so it must answer within a second."""
    needs: tuple[str, ...] = ()
    ready_seconds: float = 90.0
    stop_seconds: float = 45.0
    """How long it may take to end once asked: a worker first lets its runs finish, then ends them."""


@dataclass
class Post:
    """A child's place: its process, if there is one, and how it has been."""

    child: Child
    log: Path
    process: subprocess.Popen[bytes] | None = None
    is_ready: bool = False
    was_ready: bool = False
    started: float = 0.0
    falls: int = 0
    again_at: float | None = None
    asked_to_end: float | None = None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs its children until told to stop.

    `run()` does it in this thread, with Ctrl-C; `with supervisor:` does it beside other work, in a thread of its own.
    """

    def __init__(self, home: Path, children: Sequence[Child], tell: Callable[[str], None]) -> None:
        self.home = home
        self.tell = tell
        self.posts = {child.name: Post(child, home / "logs" / f"{child.name}.log") for child in children}
        self.status = StatusFile(home / "up.json")
        self.mark = uuid4().hex
        """What its children carry in their environment, at any depth."""
        self.failure: EngineError | None = None
        self._stop = Stop()
        self._hurry = Stop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor")
        check_needs(self.posts)

    def run(self) -> int:
        """Supervise until Ctrl-C or SIGTERM (a second one does not wait for anybody); the exit status.

        Raises EngineError when a child cannot be started, or another supervisor has this home.
        """
        before = {number: signal.signal(number, self._interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._supervise()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.failure:
            raise self.failure
        return 0

    def __enter__(self) -> "Supervisor":
        self._thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_ready(self, seconds: float) -> None:
        """Return when every child is ready. Raises EngineError when one cannot be, or not in time."""
        end = time.monotonic() + seconds
        while not self._ready.wait(POLL_SECONDS):
            if self.failure:
                raise self.failure
            if time.monotonic() > end:
                waiting = ", ".join(name for name, post in self.posts.items() if not post.is_ready)
                raise EngineError(f"not ready within {seconds:.0f} s: {waiting}; see {self.home / 'logs'}")

    def stop(self) -> None:
        """Ask the supervisor to end everything and itself."""
        self._stop.set()

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        (self._hurry if self._stop.is_set() else self._stop).set()

    def _supervise(self) -> None:
        try:
            with self.status.held():
                if killed := self.status.left_behind():
                    sweep(killed["mark"])
                self._note()  # before anything starts: who finds this one killed must know what to end
                try:
                    self._keep_running()
                finally:
                    self._end_all()
        except EngineError as error:
            self.failure = error

    def _keep_running(self) -> None:
        while not self._stop.is_set():
            for post in self.posts.values():
                self._look_after(post)
            if not self._ready.is_set() and all(post.is_ready for post in self.posts.values()):
                self._ready.set()
            self._stop.wait(POLL_SECONDS)

    def _look_after(self, post: Post) -> None:
        """Start the child when its turn has come, notice when it is ready, and when it fell."""
        if post.process is None:
            due = post.again_at is None or time.monotonic() >= post.again_at
            if due and all(self.posts[name].was_ready for name in post.child.needs):
                self._start(post)
        elif post.process.poll() is not None:
            self._fell(post, post.process.returncode)
        elif not post.is_ready:
            self._look_whether_ready(post)

    def _look_whether_ready(self, post: Post) -> None:
        taken = time.monotonic() - post.started
        if is_ready(post.child):
            post.is_ready = post.was_ready = True
            self.tell(f"{post.child.name}: ready after {taken:.1f} s")
            self._note()
        elif taken > post.child.ready_seconds and not post.was_ready:
            raise EngineError(f"{post.child.name} is not ready after {taken:.0f} s:\n{tail(post.log)}")

    def _start(self, post: Post) -> None:
        with new_log(post.log).open("ab") as output:
            try:
                post.process = subprocess.Popen(
                    post.child.argv,
                    env={**post.child.environment, MARKER: self.mark},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=die_with_parent,  # noqa: PLW1509 - one call of libc, loaded before the fork
                )
            except OSError as error:
                raise EngineError(f"{post.child.name} cannot be started: {error}") from error
        post.started = time.monotonic()
        post.again_at = None
        self._note()

    def _fell(self, post: Post, status: int) -> None:
        """Say that a child ended by itself, and when it is started again."""
        kill_group(post)
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        if not post.was_ready:
            raise EngineError(f"{post.child.name} ended with {how} before it was ready:\n{tail(post.log)}")
        if time.monotonic() - post.started > STEADY_SECONDS:
            post.falls = 0
        wait = BACKOFF_SECONDS[min(post.falls, len(BACKOFF_SECONDS) - 1)]
        post.falls += 1
        post.process, post.is_ready, post.again_at = None, False, time.monotonic() + wait
        self.tell(f"{post.child.name}: ended with {how}, starting it again in {wait:g} s (log: {post.log})")
        self._note()

    def _end_all(self) -> None:
        """End every child, those that nobody needs first; then make sure that nothing is left."""
        while alive := {name: post for name, post in self.posts.items() if post.is_alive}:
            needed = {name for post in alive.values() for name in post.child.needs}
            for name, post in alive.items():
                if name not in needed:
                    self._end(post)
            time.sleep(POLL_SECONDS)
        for post in self.posts.values():
            kill_group(post)
        sweep(self.mark)

    def _end(self, post: Post) -> None:
        """Ask once; kill when the time is over, or in a hurry."""
        if not post.process:
            return
        if post.asked_to_end is None:
            post.asked_to_end = time.monotonic()
            post.process.terminate()
        elif self._hurry.is_set() or time.monotonic() - post.asked_to_end > post.child.stop_seconds:
            kill_group(post)

    def _note(self) -> None:
        self.status.write(
            self.mark, {name: post.process.pid if post.process else None for name, post in self.posts.items()}
        )


def is_ready(child: Child) -> bool:
    """Whether the child works; a question that fails is asked again."""
    try:
        return child.ready is None or child.ready()
    except WatchbillError:
        return False


def check_needs(posts: Mapping[str, Post]) -> None:
    """Raises EngineError when a child needs one that is not there, or needs itself by a detour."""
    started: set[str] = set()
    while waiting := [post.child for name, post in posts.items() if name not in started]:
        free = [child.name for child in waiting if started.issuperset(child.needs)]
        if not free:
            names = ", ".join(f"{child.name} needs {', '.join(child.needs)}" for child in waiting)
            raise EngineError(f"these can never start: {names}")
        started.update(free)


def die_with_parent() -> None:
    """In the child, before it becomes its program: end when the supervisor is killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def kill_group(post: Post) -> None:
    """Kill what is left of a child and of what it started in its group."""
    if post.process:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(post.process.pid, signal.SIGKILL)
        post.process.wait(KILL_SECONDS)


def sweep(mark: str) -> None:
    """End what escaped from every group, or outlived a supervisor that was killed: asked first, then killed.

    Commands that a run starts do not carry the mark: they are the host's, and outlive their controller on purpose.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + SWEEP_SECONDS
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while marked(mark) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)


def marked(mark: str) -> list[int]:
    """The processes that this supervisor's children started, at any depth."""
    wanted = f"{MARKER}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # A process of somebody else, or one that just ended, is none of ours.
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def new_log(path: Path) -> Path:
    """The log to append to; a big one is put aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > BIG_LOG_BYTES:
        path.rename(path.with_suffix(".log.1"))
    return path


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return f"(no log at {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) or f"({log} is empty)"
