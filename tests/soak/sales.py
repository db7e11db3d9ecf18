"""One sale after the other, each with its crowd and its faults; run by `python -m tests.soak`."""

import argparse
import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import django

django.setup()

from rich.console import Console  # noqa: E402
from rich.progress import (  # noqa: E402
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)  # fmt: skip

from config import env  # noqa: E402
from shop.models import Product  # noqa: E402
from tests.chaos import sale  # noqa: E402
from tests.soak import faults, tables  # noqa: E402
from tests.soak.crowd import Errand  # noqa: E402
from tests.soak.faults import Death, Faults  # noqa: E402

SLUGS = ("muskie-casting-rod", "spinning-reel", "baitcasting-reel")
REQUESTS_OF_A_SALE = 50_000
FEWEST_SALES = 3
# So that a good third of a sale goes by before it is sold out.
REQUESTS_FOR_A_UNIT = 25
# How long the last orders may take to be in PostgreSQL, and the sale to be closed.
SETTLE_SECONDS = 180.0


@dataclass(slots=True)
class Outcome:
    """A line of the table."""

    product: str
    units: int
    requests: int = 0
    retried: int = 0
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    lost: int = 0
    doubled: int = 0
    oversold: int = 0
    balances: bool = False
    seconds: float = 0.0  # of the crowd, from its first request to its last answer
    faults: list[Death] = field(default_factory=list)
    # What else is wrong, a sentence each.
    wrong: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        counts = (self.unanswered, self.lost, self.doubled, self.oversold)
        return self.balances and not any(counts) and not self.wrong


def main() -> int:
    asked = _parse()
    console = Console(stderr=asked.json, width=148)
    outcomes = _play_all(asked)
    tables.show(console, outcomes)
    if asked.json:
        sys.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes]) + "\n")
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="over all sales")
    parser.add_argument("--sales", type=int, help=f"default: one for each {REQUESTS_OF_A_SALE:,} requests")
    parser.add_argument("--connections", type=int, default=48, help="of the crowd")
    parser.add_argument("--seed", type=int, default=1, help="decides who is killed, and when")
    parser.add_argument("--json", action="store_true", help="the outcomes as JSON on stdout")
    asked = parser.parse_args()
    asked.sales = asked.sales or max(FEWEST_SALES, asked.requests // REQUESTS_OF_A_SALE)
    return asked


def _play_all(asked: argparse.Namespace) -> list[Outcome]:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}/s"), TimeElapsedColumn(),
               TimeRemainingColumn(), TextColumn("{task.description}"))  # fmt: skip
    lot = random.Random(asked.seed)
    victims = faults.draw(lot)
    each, rest = divmod(asked.requests, asked.sales)
    outcomes: list[Outcome] = []
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=asked.requests, rate=0)
        for number in range(asked.sales):
            place = f"sale {number + 1} of {asked.sales}"
            say = partial(_say, bar, task, place)
            done = sum(outcome.requests for outcome in outcomes)
            requests = each + (number < rest)
            outcome = Outcome(SLUGS[number % len(SLUGS)], units=max(1, requests // REQUESTS_FOR_A_UNIT))
            crowd = _Crowd(requests, asked.connections, _shower(bar, task, done))
            _play(outcome, crowd, Faults(lot, victims, say))
            outcomes.append(outcome)
            bar.console.print(tables.line(place, outcome), highlight=False, soft_wrap=True)
    return outcomes


def _say(bar: Progress, task: TaskID, place: str, what: str) -> None:
    bar.update(task, description=f"{place}: {what}")


def _shower(bar: Progress, task: TaskID, done: int) -> Callable[[dict[str, int], float], None]:
    def show(now: dict[str, int], seconds: float) -> None:
        bar.update(task, completed=done + now["answered"], rate=round(now["answered"] / max(seconds, 0.1)))

    return show


@dataclass(frozen=True, slots=True)
class _Crowd:
    requests: int
    connections: int
    progress: Callable[[dict[str, int], float], None]


def _play(outcome: Outcome, crowd: _Crowd, deaths: Faults) -> None:
    """A whole sale, with faults in all of it but the checks."""
    product = sale.find(outcome.product)
    sale.restock(product)
    run = uuid.uuid4().hex[:8]
    with deaths.going_on():
        sale.sell(product, units=outcome.units, limit=1)
        tally = _send(product, run, crowd, outcome)
    _count(product, run, tally, outcome)
    outcome.balances = sale.is_balanced(product)
    outcome.wrong += sale.find_wrong_pages(product, "while it is open")
    with deaths.going_on():
        if not sale.close(product, seconds=SETTLE_SECONDS):
            outcome.wrong.append("the sale does not close")
    outcome.balances = sale.is_balanced(product) and outcome.balances
    outcome.wrong += sale.find_wrong_pages(product, "after it closed") + deaths.wrong
    outcome.faults = deaths.so_far


def _send(product: Product, run: str, crowd: _Crowd, outcome: Outcome) -> dict[str, Any]:
    errand = Errand(
        edge_url=os.environ["EDGE_URL"],
        page=product.get_absolute_url(),
        run=run,
        skus=sale.find_skus(product),
        requests=crowd.requests,
        connections=crowd.connections,
    )
    command = [sys.executable, "-m", "tests.soak.crowd"]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=env.ROOT
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(asdict(errand)))
        process.stdin.close()
        for line in process.stdout:
            if not line.endswith("\n"):
                break
            message: dict[str, Any] = json.loads(line)
            if "result" in message:
                outcome.seconds = time.monotonic() - began
                crowd.progress(message["result"], outcome.seconds)
                return dict(message["result"])
            crowd.progress(message["progress"], time.monotonic() - began)
    raise SystemExit(
        f"The crowd broke off (exit status {process.returncode}): see its message above. "
        f"A negative one is the signal that it was ended by."
    )


def _count(product: Product, run: str, tally: dict[str, Any], outcome: Outcome) -> None:
    ids = tally["accepted"]
    outcome.requests, outcome.retried = tally["answered"] + tally["unanswered"], tally["retried"]
    outcome.accepted, outcome.refused, outcome.unanswered = len(ids), tally["refused"], tally["unanswered"]
    sale.soon(lambda: sale.count_placed(ids) == len(ids), SETTLE_SECONDS)
    outcome.lost = len(ids) - sale.count_placed(ids)
    # Two answers to one key, one order for two keys, two orders of one buyer.
    outcome.doubled = tally["contradicted"] + len(ids) - len(set(ids)) + sale.count_doubled(f"soak-{run}-%")
    outcome.oversold = sale.count_oversold(product)
    if unknown := sale.count_orders(f"soak-{run}-%") - len(set(ids)):
        outcome.wrong.append(f"{unknown} order(s) of which no buyer was told")


if __name__ == "__main__":
    sys.exit(main())
