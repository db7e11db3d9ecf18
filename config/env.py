"""Typed readers of the environment: the one place where a variable becomes a value.

A process finds its services in its environment. A command typed beside a running demo
takes over the demo's environment from the note it left (`var/demo/services.json`), so
nobody has to export anything to look at a sale that is running.

Every reader raises `BadSetting`, naming the variable, its value and the fix.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
NOTE = "services.json"


class BadSetting(ValueError):
    """A variable is missing or cannot be read. The message says which, and what to write."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name) or default
    if value is None:
        raise BadSetting(
            f"{name} is not set, and no demo is running here: start one with `make demo`, or set {name}."
        )
    return value


def integer(name: str, default: int, *, least: int | None = None, most: int | None = None) -> int:
    value = text(name, str(default))
    try:
        found = int(value)
    except ValueError:
        raise BadSetting(f"{name}={value!r}: write a whole number.") from None
    if least is not None and found < least:
        raise BadSetting(f"{name}={value!r}: write {least} or more.")
    if most is not None and found > most:
        raise BadSetting(f"{name}={value!r}: write {most} or less.")
    return found


def number(name: str, default: float) -> float:
    value = text(name, str(default))
    try:
        return float(value)
    except ValueError:
        raise BadSetting(f"{name}={value!r}: write a number.") from None


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default))
    if value not in ("True", "False"):
        raise BadSetting(f"{name}={value!r}: write True or False.")
    return value == "True"


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def folder(name: str, default: str) -> Path:
    """A folder, relative to the project unless written as an absolute path."""
    return ROOT / (os.environ.get(name) or default)


def adopt_running_demo() -> None:
    """Take over the variables of the demo that runs here, all or none: two shops are never mixed."""
    if "DATABASE_URL" not in os.environ:
        os.environ.update(read_note(folder("VAR_DIR", "var/demo")))


def name_no_services() -> None:
    """Let the settings load where nothing runs, for who only asks what a command can do."""
    adopt_running_demo()
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@localhost/none")
    os.environ.setdefault("REDIS_URL", "redis://localhost")


def read_note(var_dir: Path) -> Mapping[str, str]:
    """What the demo of this folder runs on; empty where none runs."""
    try:
        variables: dict[str, str] = json.loads((var_dir / NOTE).read_text())
        supervisor = psutil.Process(int(variables["SUPERVISOR_PID"]))
        # A demo that was killed leaves its note, and its pid may be somebody else's by now.
        return variables if "config.demo" in supervisor.cmdline() else {}
    except (OSError, ValueError, KeyError, psutil.Error):
        return {}
