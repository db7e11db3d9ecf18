"""django-oscar, selling through one view that does what its checkout's last page does (oscar_shop.py)."""

import contextlib
from collections.abc import Iterator

import psycopg

from bench import stage
from bench.doors import Door
from bench.others import hosting
from config import embedded


@contextlib.contextmanager
def selling(units: int, few: int) -> Iterator[tuple[Door, Door]]:
    """One door to as many units as nobody will ask for, and one to few."""
    with hosting.host("oscar") as host:
        host.run(str(hosting.HERE / "oscar_shop.py"), str(units), str(few), variables=host.services)
        port = embedded.free_port()
        with (
            host.serving("oscar_shop:application", host.services, port=port) as web,
            psycopg.connect(host.services["DATABASE_URL"], autocommit=True) as database,
        ):
            processes = stage.services_of(host.folder) | {"web": web}

            def count() -> int:
                return stage.number(database, "SELECT count(*) FROM order_order")

            def cpu_seconds() -> dict[str, float]:
                return {name: stage.cpu_of(process) for name, process in processes.items()}

            url = f"http://127.0.0.1:{port}/order"
            many_door, few_door = (Door(url, (sku,), count, cpu_seconds) for sku in ("MANY", "FEW"))
            yield many_door, few_door
