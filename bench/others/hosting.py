"""What another shop needs to run here: an environment of its own, the same services, and gunicorn."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import doors, stage
from config import embedded, env

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Host:
    name: str
    folder: Path
    python: Path
    services: Mapping[str, str]  # the variables that lead to them

    def run(self, *command: str, variables: Mapping[str, str]) -> str:
        """What a command of the shop's environment prints."""
        done = subprocess.run(
            [str(self.python), *command],
            cwd=self.folder,
            env=os.environ | variables,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{self.name} could not be set up:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def serving(
        self, application: str, variables: Mapping[str, str], *, port: int
    ) -> Iterator[psutil.Process]:
        """gunicorn with as many workers as our own shop has at its best."""
        command = f"-m gunicorn {application} --bind 127.0.0.1:{port} {doors.AT_ITS_BEST} --log-level warning"
        log = self.folder / "web.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(self.python), *command.split()],
                cwd=HERE,
                env=os.environ | variables,
                stdout=output,
                stderr=output,
            )
        try:
            deadline = time.monotonic() + 90
            while not embedded.is_taken(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{self.name} did not start: read {log}")
                time.sleep(0.2)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=60)


@contextlib.contextmanager
def host(name: str) -> Iterator[Host]:
    """Raises SystemExit where it cannot be installed. Its environment is kept, what it wrote is not."""
    folder = stage.FOLDER / name
    services = embedded.Embedded(folder)
    services.forget()
    try:
        yield Host(name, folder, _install(name), services.start())
    finally:
        services.stop()
        services.forget()


def _install(name: str) -> Path:
    lock = env.ROOT / f"requirements-{name}.lock"
    place = env.ROOT / "var" / "others" / name
    python, done = place / "bin" / "python", place / "installed"
    if done.exists() and done.read_bytes() == lock.read_bytes():
        return python
    print(f"Installing {name} into {place.relative_to(env.ROOT)} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(lock)], check=True)
    done.write_bytes(lock.read_bytes())
    return python
