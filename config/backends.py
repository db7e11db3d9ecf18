"""A database process gives way as the process does that asks it, where both are on one machine.

PostgreSQL has no priorities of its own, and each of its processes is a session of its
own. Without this, what is worked off behind the shop's back stands back itself, and its
statements crowd out the shoppers' all the same.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper

# Not further, however patient we are ourselves: it holds locks that others wait for.
MOST = 10


def give_way(connection: DatabaseWrapper, **_: Any) -> None:
    """Call with each new connection. Does nothing for those who are waited for, or far from the database."""
    level = min(os.getpriority(os.PRIO_PROCESS, 0), MOST)
    link = connection.connection
    if level <= 0 or link is None or not link.info.host.startswith("/"):
        return
    pid = link.info.backend_pid
    # A socket shared by two containers leads to processes that are not ours to see.
    with suppress(OSError):
        if Path(f"/proc/{pid}/comm").read_text().startswith("postgres"):
            os.setpriority(os.PRIO_PROCESS, pid, level)
            Path(f"/proc/{pid}/autogroup").write_text(str(level))
