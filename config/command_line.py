"""manage.py: Django's command line, with one sentence where something that a command needs is away.

Who types a command in the middle of a sale is told which service does not answer, in
place of where in the code that was noticed. `--traceback` shows that too.
"""

import os
import sys
from collections.abc import Sequence

from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError
from redis import RedisError

from config import env
from fastpath_lambda.sqs import QueueError

CONNECT_SECONDS = "5"
# As a shell says of what was ended by Ctrl-C.
INTERRUPTED = 130

_SERVICES: dict[tuple[type[Exception], ...], str] = {
    (OperationalError, InterfaceError): "PostgreSQL",
    (RedisError,): "Redis",
    (QueueError,): "The queue",
}
_EXPLAINS = {"-h", "--help", "help"}
_AWAY: tuple[type[Exception], ...] = tuple(kind for kinds in _SERVICES for kind in kinds)


def run(words: Sequence[str]) -> None:
    # libpq's own variable. Without it a command waits two minutes for a server that hangs, without a word.
    os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)
    if not _EXPLAINS.isdisjoint(words):
        env.name_no_services()
    try:
        execute_from_command_line(list(words))
    except env.BadSetting as error:
        sys.exit(str(error))
    except _AWAY as error:
        if "--traceback" in words:
            raise
        sys.exit(_say(error))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(INTERRUPTED)


def _say(error: Exception) -> str:
    service = next(name for kinds, name in _SERVICES.items() if isinstance(error, kinds))
    why = " ".join(str(error).split()).rstrip(".?")
    return f"{service} does not answer: {why}. Type this again when it does."
