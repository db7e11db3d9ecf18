"""`make demo`: the whole shop on this machine, under one supervisor, until Ctrl-C.

Services first, then the data, then the processes; and back in the other order. Every
process is told where the others are by its environment, which is also left as a note
for the commands that are typed beside the demo.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from pathlib import Path

from honcho.manager import Manager

from config import embedded, env, leftovers

VAR_DIR = env.folder("VAR_DIR", "var/demo")
READY_SECONDS = 60.0
MEMORY = Path("/dev/shm")

# All share this machine's cores. What somebody waits for goes before what is worked off behind it,
# and everybody else's pages before the flood of one sale.
BEHIND = f"{env.ROOT}/config/behind"

# As root, as in many containers, Celery warns on every start.
QUIET = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}

# honcho ends everything when one process ends. A shop does not: what dies is started again.
KEEP_RUNNING = """trap 'stop=1' TERM INT
while [ -z "$stop" ]; do
  {command}
  status=$?
  [ -n "$stop" ] || {{ echo "ended with status $status: starting it again"; sleep 0.5; }}
done"""

LAST_PORT = 65_535

BLOCK = """
────────────────────────────────────────────────────────────────────────────
  Spillway is ready        {EDGE_URL}/
  Admin                    {EDGE_URL}/admin/     admin / admin
  Tonight's sale           {EDGE_URL}/ops/
  Mails to buyers          {EDGE_URL}/ops/mailbox/
  Shows                    {EDGE_URL}/shows/     `make show` sends a live one

  Try this, in a second terminal, with the Muskie page open in a browser
  ({EDGE_URL}/shop/rods/muskie-casting-rod/):

    .venv/bin/python manage.py fastpath arm  muskie-casting-rod --units 500
    .venv/bin/python manage.py fastpath open muskie-casting-rod
    .venv/bin/python manage.py rush  muskie-casting-rod --scale 10
    .venv/bin/python manage.py audit_stock
    .venv/bin/python manage.py fastpath close muskie-casting-rod

  Ctrl-C stops everything; the data stays. `make clean-demo` forgets it.
────────────────────────────────────────────────────────────────────────────
"""


def main() -> int:
    try:
        port = env.integer("PORT", 8000, least=1, most=LAST_PORT)
    except env.BadSetting as error:
        return _refuse(str(error))
    if note := env.read_note(VAR_DIR):
        return _refuse(f"A demo runs here already: {note['EDGE_URL']} (pid {note['SUPERVISOR_PID']}).")
    end_leftovers()
    if embedded.is_taken(port):
        return _refuse(f"Port {port} is taken by another program. Choose another: make demo PORT={port + 1}")

    # Until the supervisor takes over, a stop is an exception, so that what was started is ended.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    services = embedded.Embedded(VAR_DIR)
    embedded.keep(port)
    try:
        print("Starting PostgreSQL, Redis and the queue …", flush=True)  # noqa: T201
        variables = surroundings(VAR_DIR, port=port, services=services.start())
        leave_note(variables)
        prepare(variables)
        services.keep_running()
        return supervise(variables)
    except (embedded.CannotStart, env.BadSetting, subprocess.CalledProcessError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130
    finally:
        (VAR_DIR / env.NOTE).unlink(missing_ok=True)
        services.stop()
        tidy(VAR_DIR)


def forget() -> int:
    if note := env.read_note(VAR_DIR):
        return _refuse(f"The demo at {note['EDGE_URL']} is running: stop it with Ctrl-C first.")
    end_leftovers()
    embedded.Embedded(VAR_DIR).forget()
    return 0


def end_leftovers() -> None:
    """A supervisor that is killed takes nobody along: they hold the port, and drain into the data."""
    if count := leftovers.end(VAR_DIR):
        print(f"A demo that was killed left {count} processes running here: they are ended.", flush=True)  # noqa: T201


def surroundings(var_dir: Path, *, port: int, services: Mapping[str, str]) -> dict[str, str]:
    """The environment of every process of a shop that lives in this folder."""
    return dict(services) | {
        "PORT": str(port),
        "EDGE_URL": f"http://127.0.0.1:{port}",
        **{f"{name}_URL": f"http://127.0.0.1:{embedded.free_port()}" for name in ("WEB", "LIVE", "FASTPATH")},
        "VAR_DIR": str(var_dir),
        "STATIC_ROOT": str(var_dir / "static"),
        "MEDIA_ROOT": str(var_dir / "media"),
        "MINISITE_ROOT": str(var_dir / "minisite"),
        "EDGE_TABLE": str(var_dir / "edge" / "table.json"),
        "EMAIL_BACKEND": os.environ.get("EMAIL_BACKEND", "orders.receivers.mailbox.Backend"),
        "PROMETHEUS_MULTIPROC_DIR": str(in_memory(var_dir)),
        "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
        "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        "AWS_SECRET_ACCESS_KEY": os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        "SUPERVISOR_PID": str(os.getpid()),
    }


def in_memory(var_dir: Path) -> Path:
    """The folder of files that requests write to: counters, and by which gunicorn knows who is alive.

    On a disk such a write waits, now and then, for what others sync there; and a database and a
    ledger sync all the time.
    """
    if os.access(MEMORY, os.W_OK):
        return MEMORY / f"spillway-{zlib.crc32(bytes(var_dir.resolve())):08x}"
    return var_dir / "memory"


def tidy(var_dir: Path) -> None:
    shutil.rmtree(in_memory(var_dir), ignore_errors=True)


def leave_note(variables: Mapping[str, str]) -> None:
    """Write the environment down for the commands that are typed beside the demo."""
    note = VAR_DIR / env.NOTE
    note.touch(mode=0o600)
    note.write_text(json.dumps(variables, indent=1))


def prepare(variables: Mapping[str, str]) -> None:
    """Tables, demo data, static files, queues and the first routing table."""
    var_dir = Path(variables["VAR_DIR"])
    # Counters of processes that are gone would be counted for ever.
    tidy(var_dir)
    in_memory(var_dir).mkdir()
    for name in ("static", "media", "minisite", "edge"):
        (var_dir / name).mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "config.prepare"], env=os.environ | variables, cwd=env.ROOT, check=True
    )


def supervise(variables: Mapping[str, str]) -> int:
    manager = Manager()
    for name, command in commands(variables).items():
        manager.add_process(
            name,
            KEEP_RUNNING.format(command=command),
            env=os.environ | variables | {"PYTHONUNBUFFERED": "1", leftovers.MARK: str(os.getpid())} | QUIET,
            cwd=str(env.ROOT),
        )
    # A closed terminal stops the shop as Ctrl-C does.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    threading.Thread(target=announce, args=(variables,), daemon=True).start()
    manager.loop()
    # Ctrl-C is how a demo ends well.
    return 0 if manager.returncode in (0, 130, 143) else 1


def commands(variables: Mapping[str, str]) -> dict[str, str]:
    """The shell command of each process, by name."""
    here = Path(sys.executable).parent
    port = {name: variables[f"{name}_URL"].rpartition(":")[2] for name in ("WEB", "LIVE", "FASTPATH")}
    # Longer than whoever is in front keeps one that nobody uses: its next request would meet a closed door.
    uvicorn = f"{here}/uvicorn --host 127.0.0.1 --log-level warning --no-access-log --timeout-keep-alive 75"
    drainers = env.integer("DRAINERS", 1, least=1)
    # It gives way when it has started (config/celery.py). Its session may do so still: the one that died did.
    celery = f"env STAND_BACK=15 {BEHIND} 0 {here}/celery -A config.celery --quiet"
    return {
        "edge": f"{here}/python -m edge.router",
        "web": f"{here}/gunicorn config.wsgi --bind 127.0.0.1:{port['WEB']} --worker-class gthread "
        "--workers 2 --threads 4 --keep-alive 75 --limit-request-line 8190 --limit-request-fields 200 "
        f"--log-level warning --graceful-timeout 3 --worker-tmp-dir {in_memory(Path(variables['VAR_DIR']))}",
        "live": f"{uvicorn} --port {port['LIVE']} --loop live.listening:Loop --ws live.wire:FrameProtocol "
        "--ws-per-message-deflate false --ws-max-size 65536 --backlog 4096 --timeout-graceful-shutdown 2 "
        "config.asgi:application",
        # The edge sets date and server, and nobody here reads who asked: every order would pay for it.
        "fastpath": f"{BEHIND} 5 {uvicorn} --port {port['FASTPATH']} --loop uvloop "
        "--http fastpath_lambda.single_write:Protocol --no-proxy-headers --no-server-header --no-date-header "
        "--timeout-graceful-shutdown 3 fastpath_lambda.asgi:application",
        # Relay, post and each drainer have a process for themselves; the others share two.
        "worker": f"{celery} worker --loglevel WARNING --queues celery,drain,relay,post "
        f"--concurrency {4 + drainers} --without-gossip --without-mingle --without-heartbeat",
        "beat": f"{celery} beat --loglevel WARNING --pidfile= "
        f"--schedule {variables['VAR_DIR']}/beat-schedule",
    }


def announce(variables: Mapping[str, str]) -> None:
    """Say that the shop is ready once every process is, and which one is late."""
    late_at = time.monotonic() + READY_SECONDS
    pending = ["WEB", "LIVE", "FASTPATH", "EDGE"]
    while pending := [name for name in pending if not _answers(f"{variables[f'{name}_URL']}/readyz")]:
        if time.monotonic() > late_at:
            late_at = float("inf")
            names = ", ".join(name.lower() for name in pending)
            said = f"Not ready after {READY_SECONDS:.0f} s: {names}. Read its lines above; it may come yet."
            print(said, flush=True)  # noqa: T201
        time.sleep(0.1)
    print(BLOCK.format_map(variables), flush=True)  # noqa: T201


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(forget() if sys.argv[1:] == ["--forget"] else main())
