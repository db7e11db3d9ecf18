"""What `make soak` says: a line for each sale as it ends, then the tables."""

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.chaos.components import COMPONENTS

if TYPE_CHECKING:
    from tests.soak.sales import Outcome

WRONG = ("unanswered", "lost", "doubled", "oversold")


def line(place: str, outcome: "Outcome") -> str:
    wrong = [f"{getattr(outcome, name)} {name}" for name in WRONG if getattr(outcome, name)]
    wrong += [] if outcome.balances else ["the equation does not balance"]
    return (
        f"{place}: {outcome.product}, {len(outcome.faults)} killed, {outcome.requests:,} requests at "
        f"{_rate([outcome])}/s, {outcome.accepted:,} accepted: "
        f"{'; '.join([*wrong, *outcome.wrong]) or 'as it should be'}"
    )


def show(console: Console, outcomes: Sequence["Outcome"]) -> None:
    console.print(_sales(outcomes))
    console.print(_recoveries(outcomes))
    refused: dict[str, int] = {}
    for outcome in outcomes:
        for kind, count in outcome.refused.items():
            refused[kind] = refused.get(kind, 0) + count
    console.print("Refused: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(refused.items())))
    for number, outcome in enumerate(outcomes, start=1):
        for sentence in outcome.wrong:
            console.print(f"Sale {number}, {outcome.product}: {sentence}.")


def _sales(outcomes: Sequence["Outcome"]) -> Table:
    table = _table(
        "Sales, while one component after the other was killed with -9",
        "sale", "product", "faults", "requests", "again", "accepted", "refused", "silence", "lost",
        "doubled", "oversold", "equation", "rate/s",
    )  # fmt: skip
    for number, outcome in enumerate(outcomes, start=1):
        table.add_row(str(number), outcome.product, *_sums([outcome]))
    table.add_section()
    table.add_row("all", "", *_sums(outcomes))
    return table


def _sums(outcomes: Sequence["Outcome"]) -> list[str]:
    counted = ("requests", "retried", "accepted")
    wrong = [f"{sum(getattr(outcome, name) for outcome in outcomes):,}" for name in WRONG]
    return [
        f"{sum(len(outcome.faults) for outcome in outcomes):,}",
        *(f"{sum(getattr(outcome, name) for outcome in outcomes):,}" for name in counted),
        f"{sum(sum(outcome.refused.values()) for outcome in outcomes):,}",
        *wrong,
        "balances" if all(outcome.balances for outcome in outcomes) else "DOES NOT",
        _rate(outcomes),
    ]


def _recoveries(outcomes: Sequence["Outcome"]) -> Table:
    table = _table("Seconds until it served again", "component", "kills", "median", "worst")
    deaths = [death for outcome in outcomes for death in outcome.faults]
    for component in COMPONENTS:
        if seconds := [death.recovery for death in deaths if death.component == component]:
            table.add_row(component, str(len(seconds)), f"{median(seconds):.1f}", f"{max(seconds):.1f}")
    return table


def _rate(outcomes: Sequence["Outcome"]) -> str:
    seconds = sum(outcome.seconds for outcome in outcomes)
    return f"{sum(outcome.requests for outcome in outcomes) / seconds:,.0f}" if seconds else "-"


def _table(title: str, *heads: str) -> Table:
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, justify="left" if head in ("product", "component") else "right", no_wrap=True)
    return table
