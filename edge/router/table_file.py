"""The routing table as a file that is replaced while the router runs."""

import asyncio
import logging
from pathlib import Path

from edge import routing
from edge.routing import FAIL_OPEN, BadTable, Table

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.05


class TableFile:
    """Holds the last table that could be read; before there is one, everything goes to the shop."""

    def __init__(self, path: Path) -> None:
        self.table: Table = FAIL_OPEN
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def refresh(self) -> None:
        """Take the file's table up, if the file is another one than last time."""
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen == self._seen:
                return
            self._seen = seen
            self.table = routing.from_json(self._path.read_bytes())
        except FileNotFoundError:
            # Gone or not there yet: what was read last stays, and a new file is looked at again.
            self._seen = None
        except (OSError, BadTable) as error:
            logger.error("%s cannot be read, %s: %s", self._path, self._what_holds(), error)
        else:
            logger.info("Table %s is on, %s behaviors.", self.table.version, len(self.table.behaviors))

    def _what_holds(self) -> str:
        if self.table is FAIL_OPEN:
            return "all requests go to the shop"
        return f"table {self.table.version} stays"

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self.refresh()
