"""One service of this machine: a process with a log, a pid file, and a way to tell that it answers.

It may be started again after it died, with the same command: on the same port or
socket, with the data it left on disk.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

START_SECONDS = 120.0
END_SECONDS = 10.0


class CannotStart(RuntimeError):
    """A service did not come up. The message says which, and where its log is."""


@dataclass(slots=True)
class Service:
    name: str
    command: Sequence[str]
    folder: Path
    answers: Callable[[], bool]
    settings: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    ended_by: signal.Signals = signal.SIGTERM
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        log = self.folder / f"{self.name}.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdout=output,
                stderr=output,
                env=os.environ | self.settings,
                user=self.user,
                # Ctrl-C is for the supervisor, which stops the services last.
                start_new_session=True,
            )
        pid_file(self.folder, self.name).write_text(str(self._process.pid))
        came_up = wait_until(lambda: self.answers() or not self.is_running, START_SECONDS)
        if not came_up or not self.is_running:
            raise CannotStart(f"{self.name} did not start: read {log}.")

    def end(self) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(self.ended_by)
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        pid_file(self.folder, self.name).unlink(missing_ok=True)


def end_leftover(folder: Path, name: str, *, word: str, ended_by: signal.Signals = signal.SIGTERM) -> None:
    """End what a killed run left behind, so that two servers never write one folder."""
    file = pid_file(folder, name)
    if not file.exists():
        return
    pid = int(file.read_text())
    if _is_ours(pid, word):
        logger.warning("Ending %s, left over by a run that was killed (pid %s).", name, pid)
        os.kill(pid, ended_by)
        wait_until(lambda: not _is_ours(pid, word), START_SECONDS)
    file.unlink(missing_ok=True)


def pid_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.pid"


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.02)
    return False


def _is_ours(pid: int, word: str) -> bool:
    """Whether this pid is still the service that wrote it down: pids are used again."""
    try:
        return any(word in part for part in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
