"""What can be killed, where its process is, and when it serves again."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import redis

COMPONENTS = (
    "edge", "web", "live", "fastpath", "worker", "drainer", "relay", "beat", "redis", "postgres", "sqs",
)  # fmt: skip
# Not a process: Redis goes on, and has forgotten everything. See wiping.py.
WIPE = "wipe"
# What is in their command lines: a number that was written down may be somebody else's by now.
SERVICES = {"redis": "redis-server", "postgres": "postgres", "sqs": "ministack"}
# Those that run in the worker's pool hold a turn, which says whose it is.
TURNS = {"drainer": "spillway:turn:drain", "relay": "spillway:turn:relay"}
WORDS = {
    "edge": "edge.router",
    "web": "config.wsgi",
    "live": "config.asgi:application",
    "fastpath": "fastpath_lambda.asgi:application",
    "worker": "worker",
    "beat": "beat",
}


def kill(name: str) -> Callable[[], bool]:
    """Kill it with -9. Returns the question whether it serves again."""
    process = find(name)
    question = _question(name, process)
    process.kill()
    return question


def find(name: str) -> psutil.Process:
    """The component's process. Waits for one that is just being started."""
    deadline = time.monotonic() + 120
    while (process := _find(name)) is None:
        if time.monotonic() > deadline:
            raise LookupError(f"{name} is not running")
        time.sleep(0.05)
    return process


def _find(name: str) -> psutil.Process | None:
    if name in SERVICES:
        return _process((Path(os.environ["VAR_DIR"]) / f"{name}.pid").read_text(), SERVICES[name])
    if name in TURNS:
        return _holder(TURNS[name])
    # Each is the one child of the shell loop that starts it again.
    supervisor = psutil.Process(int(os.environ["SUPERVISOR_PID"]))
    for shell in supervisor.children(recursive=True):
        if _is_loop_of(name, shell):
            return next(iter(_children(shell)), None)
    return None


def _is_loop_of(name: str, process: psutil.Process) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return line[1:2] == ["-c"] and "trap" in line[2] and WORDS[name] in line[2].split()


def _children(shell: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in shell.children() if "sleep" not in child.name()]
    except psutil.Error:
        return []


def _holder(turn: str) -> psutil.Process | None:
    try:
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as store:
            token = store.get(turn)
    except redis.RedisError:
        return None
    return _process(token.decode().partition(":")[0], "celery") if token else None


def _process(pid: str, word: str) -> psutil.Process | None:
    try:
        process = psutil.Process(int(pid))
        return process if word in " ".join(process.cmdline()) else None
    except (ValueError, psutil.NoSuchProcess):
        return None


def _question(name: str, killed: psutil.Process) -> Callable[[], bool]:
    if name in ("edge", "web", "live", "fastpath"):
        # A new one: what the old one left behind may answer for a moment.
        return lambda: _is_another(_find(name), killed) and _answers(name)
    if name in TURNS:
        return lambda: _is_another(_holder(TURNS[name]), killed)
    if name == "worker":
        return lambda: _drains(_find(name), killed)
    if name == "beat":
        return lambda: _is_another(_find(name), killed) and _sends()
    # The services: whoever needs one says that it has it.
    asks = {"redis": "fastpath", "sqs": "fastpath", "postgres": "web"}[name]
    return lambda: _is_another(_find(name), killed) and _answers(asks)


def _is_another(process: psutil.Process | None, killed: psutil.Process) -> bool:
    return process is not None and process.pid != killed.pid


def _answers(name: str) -> bool:
    try:
        with urllib.request.urlopen(f"{os.environ[f'{name.upper()}_URL']}/readyz", timeout=10) as answer:
            return bool(json.load(answer)["ready"])
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _drains(worker: psutil.Process | None, killed: psutil.Process) -> bool:
    """Whether it is the new worker that has the drain's turn."""
    drainer = _holder(TURNS["drainer"])
    if worker is None or drainer is None or worker.pid == killed.pid:
        return False
    try:
        return drainer.ppid() == worker.pid
    except psutil.NoSuchProcess:
        return False


def _sends() -> bool:
    """Whether a task is sent within the next second that nobody but beat sends, each second."""
    until = time.monotonic() + 1.2
    try:
        with redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=1.2).monitor() as monitor:
            for command in monitor.listen():
                if "edge.tasks.advance_sales" in command["command"] and "LPUSH" in command["command"]:
                    return True
                if time.monotonic() > until:
                    return False
    except redis.RedisError:
        pass
    return False
