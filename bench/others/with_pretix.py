"""pretix, selling through its own REST API: one request for what takes its buyers a cart and a checkout.

Its quota is limited, so that each order takes its lock, as it would on the day. Its
task queue is there and nobody works it off, and no mail is asked for.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from bench import stage
from bench.doors import Door
from bench.others import hosting
from config import embedded

CONFIG = """
[pretix]
instance_name=bench
url=http://127.0.0.1:{port}
datadir={folder}
[database]
backend=postgresql
name={database}
user={user}
host={host}
[redis]
location={redis}/1
[celery]
backend={redis}/2
broker={redis}/3
[django]
debug=off
secret=bench
"""


@contextlib.contextmanager
def selling(units: int, few: int) -> Iterator[tuple[Door, Door]]:
    """One door to as many units as nobody will ask for, and one to few."""
    with hosting.host("pretix") as host:
        port = embedded.free_port()
        variables = {"PRETIX_CONFIG_FILE": str(_configure(host, port))}
        host.run("-m", "pretix", "migrate", "--verbosity", "0", variables=variables)
        made = host.run(str(hosting.HERE / "pretix_shop.py"), str(units), str(few), variables=variables)
        token, *items = made.split()[-3:]
        with (
            host.serving("pretix.wsgi", variables, port=port) as web,
            psycopg.connect(host.services["DATABASE_URL"], autocommit=True) as database,
        ):
            processes = stage.services_of(host.folder) | {"web": web}

            def count() -> int:
                return stage.number(database, "SELECT count(*) FROM pretixbase_order")

            def cpu_seconds() -> dict[str, float]:
                return {name: stage.cpu_of(process) for name, process in processes.items()}

            url = f"http://127.0.0.1:{port}/api/v1/organizers/bench/events/sale/orders/"
            script = hosting.HERE / "pretix.lua"
            many_door, few_door = (Door(url, (item, token), count, cpu_seconds, script) for item in items)
            yield many_door, few_door


def _configure(host: hosting.Host, port: int) -> Path:
    database = urlsplit(host.services["DATABASE_URL"])
    path = host.folder / "pretix.cfg"
    path.write_text(
        CONFIG.format(
            port=port,
            folder=host.folder,
            database=database.path[1:],
            user=database.username,
            host=unquote(database.hostname or ""),
            redis=host.services["REDIS_URL"].rpartition("/")[0],
        )
    )
    return path
