"""manage.py rush: a sale's demand against the running shop, through its edge, with a report."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from edge import audit
from edge.lifecycle import CannotChange, record
from edge.rush import curve, running
from shop.models import Product, Sale

CURVE = settings.BASE_DIR / "edge" / "data" / "emf-2026-03-09.csv"


class Command(BaseCommand):
    # Nobody waits two seconds in the middle of a sale to hear about the admin's settings.
    requires_system_checks = ()
    help = (
        "Replays a curve of demand: each visitor opens the product's page and orders one, as fast as they "
        "come, however slow the shop is. Exits with 0 only when nobody was left without an answer, every "
        "accepted order is in PostgreSQL, web saw none of it, and the stock equation balances."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="product-slug", help="of the product, as in its address")
        parser.add_argument("--curve", metavar="FILE", default=CURVE, help="CSV: second,visitors")
        parser.add_argument("--scale", type=float, default=1.0, help="times the visitors of the curve")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            product = record.get_product(options["slug"])
            self._warn(product)
            counts = _counts(options["curve"], options["scale"])
            with _bar(counts, quiet=options["json"]) as show:
                report = running.run(product, counts, progress=show)
        except (CannotChange, curve.BadCurve, running.CannotRush) as error:
            raise CommandError(str(error)) from None
        self._present_json(report) if options["json"] else _present(report)
        if failures := report.failures():
            raise CommandError(" ".join(failures))

    def _warn(self, product: Product) -> None:
        sale = record.find_sale_on(product)
        if sale is None:
            self.stderr.write(f"{product} is not on sale: the shop itself gets this rush.")
        elif sale.state != Sale.State.OPEN:
            self.stderr.write(f"The sale of {product} is {sale.state}: its visitors will be refused.")

    def _present_json(self, report: running.Report) -> None:
        rows = [asdict(row) | {"difference": row.difference} for row in report.rows]
        self.stdout.write(json.dumps(asdict(report) | {"rows": rows}))


def _counts(path: str, scale: float) -> list[int]:
    try:
        with open(path, encoding="utf-8") as lines:
            return curve.scaled(curve.read(lines), scale)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The curve {path} cannot be read: {error}") from None
    except curve.BadCurve as error:
        raise CommandError(f"{path}: {error}") from None


@contextmanager
def _bar(counts: Sequence[int], *, quiet: bool) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    text = "second {task.fields[second]:>5.1f}  asked {task.fields[asked]}  accepted {task.fields[accepted]}"
    columns = (BarColumn(), TextColumn(f"{text}  refused {{task.fields[refused]}}"))
    console = Console(stderr=True, quiet=quiet)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("rush", total=sum(counts), second=0.0, asked=0, accepted=0, refused=0)

        def show(now: Mapping[str, Any]) -> None:
            done = now["accepted"] + now["refused"] + now["errors"]
            bar.update(task, completed=done, **now)

        yield show
        bar.update(task, completed=sum(counts))


def _present(report: running.Report) -> None:
    table = Table(title=f"Rush on {report.product}", show_header=False, title_justify="left")
    for name, value in _lines(report):
        table.add_row(name, value)
    Console().print(table)


def _lines(report: running.Report) -> Iterator[tuple[str, str]]:
    yield "visitors", str(report.visitors)
    yield "asked", str(report.asked)
    yield "accepted", str(report.accepted)
    for reason, count in sorted(report.refused.items()):
        yield f"refused: {reason}", str(count)
    for kind, count in sorted(report.errors.items()):
        yield f"error: {kind}", str(count)
    yield "errors", f"{sum(report.errors.values())} ({report.retried} asked again)"
    yield "page, p50 / p99", _two(report.page_ms)
    yield "order answered, p50 / p99", f"{_two(report.answer_ms)} after coming"
    yield "last order in PostgreSQL", f"{report.last_order_seconds} s after the last acceptance"
    yield "accepted, but lost", str(report.lost)
    yield "requests web saw of them", "unknown" if report.web_requests is None else str(report.web_requests)
    for row in report.rows:
        if row.left or row.claimed or row == report.rows[-1]:
            yield f"equation {row.sku}", _equation(row)


def _two(times: Mapping[str, float]) -> str:
    return f"{times['p50']:.0f} / {times['p99']:.0f} ms"


def _equation(row: audit.Row) -> str:
    said = "balances" if row.is_balanced else "DOES NOT BALANCE"
    return (
        f"{row.armed} = {row.left} left + {row.claimed} claimed + {row.ordered} ordered "
        f"+ {row.returned} returned: {said}"
    )
