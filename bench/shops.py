"""Accepted orders a second of one limited product: pretix and django-oscar beside this shop's two doors.

Each shop has the machine, PostgreSQL, Redis and gunicorn (3 workers) to itself, one after
the other, and the same 64 keep-alive connections. Both others are spared what their buyers
go through: pretix is asked over its REST API, Oscar through a view that does only what
the last page of its checkout does. Then there are few units, and all connections want
them: how many orders come of it?

The first run installs pretix and Oscar from PyPI into var/others, which takes minutes.

    .venv/bin/python -m bench.shops [--seconds 15] [--few 100]
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from bench import doors, stage
from bench.doors import Door, Result
from bench.others import with_oscar, with_pretix

# Each a rod of one SKU, that nothing else here sells.
FEW_IN_THE_SHOP = ("brook-trout-ultralight-rod", "BROOK-5FT")
FEW_ON_SALE = ("ice-house-jigging-rod", "ICE-28")


@dataclass(frozen=True, slots=True)
class Seen:
    many: Result
    of_few: int  # orders, of few units


def see(many: Door, few: Door, *, seconds: int) -> Seen:
    many.warm()
    result = many.measure("many", seconds=seconds)
    few.settle()
    before = few.count()
    few.flood("few", seconds=seconds)
    few.settle()
    return Seen(result, few.count() - before)


@contextlib.contextmanager
def ours(few: int) -> Iterator[dict[str, tuple[Door, Door]]]:
    with doors.shop() as shop:
        classic, fast = doors.open_both(shop)
        shop.put(FEW_IN_THE_SHOP[1], few)
        yield {
            "classic": (classic, shop.classic(*FEW_IN_THE_SHOP)),
            "fast path": (fast, shop.fast(*FEW_ON_SALE, units=few)),
        }


def main() -> None:
    options = stage.options(
        __doc__, seconds=(15, "of each of the two floods"), few=(100, "units when they are few")
    )
    console = stage.console()
    seen: dict[str, Seen] = {}
    for name, other in (("pretix", with_pretix), ("Oscar", with_oscar)):
        with other.selling(doors.UNITS, options.few) as (many, few):
            seen[name] = see(many, few, seconds=options.seconds)
    with ours(options.few) as both:
        for name, (many, few) in both.items():
            seen[name] = see(many, few, seconds=options.seconds)
    console.print(tabulate(seen, few=options.few))


def tabulate(seen: dict[str, Seen], *, few: int) -> Table:
    table = Table(title="One hot product, 64 keep-alive connections")
    table.add_column("")
    for name in seen:
        table.add_column(name, justify="right")
    for other in ("pretix", "Oscar"):
        least = seen[other].many.accepted_per_second
        ratios = [f"{one.many.accepted_per_second / least:.1f}×" for one in seen.values()]
        table.add_row(f"against {other}", *ratios)
    many = [one.many for one in seen.values()]
    table.add_row("accepted orders/s", *(f"{one.accepted_per_second:,.1f}" for one in many))
    table.add_row("p50 ms", *(f"{one.p50_ms:,.1f}" for one in many))
    table.add_row("p99 ms", *(f"{one.p99_ms:,.1f}" for one in many))
    table.add_row("CPU ms per accepted order", *(f"{sum(one.cpu_ms.values()):,.2f}" for one in many))
    table.add_row(f"orders of {few} units", *(str(one.of_few) for one in seen.values()))
    return table


if __name__ == "__main__":
    main()
