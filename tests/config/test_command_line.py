"""manage.py, typed when something is away: one sentence that names it, and not status 0."""

import os
import socket
import subprocess
import sys

import pytest
import redis
from django.db import OperationalError

from config import command_line, env
from fastpath_lambda.sqs import QueueError

pytestmark = pytest.mark.slow


def manage(*words, **variables):
    """What somebody who types this is told, in a world of these variables alone."""
    ran = subprocess.run(
        [sys.executable, env.ROOT / "manage.py", *words],
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ran.returncode, ran.stderr


@pytest.fixture
def hung():
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_does_not_wait_for_a_database_that_hangs(hung):
    database = f"postgresql://nobody@127.0.0.1:{hung}/none"

    status, said = manage(
        "audit_stock", DATABASE_URL=database, REDIS_URL="redis://127.0.0.1:9", PGCONNECT_TIMEOUT="1"
    )

    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith("PostgreSQL does not answer: ")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OperationalError("Is the server running?"), "PostgreSQL does not answer: Is the server running."),
        (redis.TimeoutError("Timeout reading"), "Redis does not answer: Timeout reading."),
        (QueueError("Unreachable", "refused"), "The queue does not answer: Unreachable: refused."),
    ],
)
def test_names_what_went_away_meanwhile(monkeypatch, error, sentence):
    def fail(words):
        raise error

    monkeypatch.setattr(command_line, "execute_from_command_line", fail)

    with pytest.raises(SystemExit) as ended:
        command_line.run(["manage.py", "audit_stock"])
    with pytest.raises(type(error)):
        command_line.run(["manage.py", "audit_stock", "--traceback"])

    assert ended.value.code == f"{sentence} Type this again when it does."
