"""Every component once a round, and Redis wiped; run by `python -m tests.chaos`, which starts the shop."""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict

import django

django.setup()

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.chaos import rounds  # noqa: E402
from tests.chaos.components import COMPONENTS, WIPE  # noqa: E402
from tests.chaos.rounds import MOMENTS, Outcome  # noqa: E402

FAULTS = (*COMPONENTS, WIPE)
WRONG = ("lost", "doubled", "oversold", "unanswered")


def main() -> int:
    asked = _parse()
    outcomes = _play(asked)
    console = Console(stderr=asked.json, width=150)
    console.print(_table(outcomes))
    for outcome in outcomes:
        for sentence in outcome.wrong:
            console.print(
                f"{outcome.component}, killed {outcome.killed_after} s into {outcome.at}: {sentence}."
            )
    if asked.json:
        sys.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes]) + "\n")
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often each component is killed")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS, metavar="COMPONENT")
    parser.add_argument(
        "--at",
        nargs="+",
        choices=MOMENTS,
        default=MOMENTS,
        metavar="MOMENT",
        help="one for each round, in turn",
    )
    parser.add_argument("--seed", type=int, default=1, help="decides the order, and the moments")
    parser.add_argument("--seconds", type=int, default=6, help="how long each rush lasts")
    parser.add_argument("--rate", type=int, default=60, help="visitors a second")
    parser.add_argument("--units", type=int, default=300, help="armed for each sale")
    parser.add_argument("--json", action="store_true", help="the outcomes as JSON on stdout")
    return parser.parse_args()


def _play(asked: argparse.Namespace) -> list[Outcome]:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    outcomes = []
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=asked.rounds * len(asked.only))
        for number in range(asked.rounds):
            order = random.Random(asked.seed + number).sample(asked.only, len(asked.only))
            # First, since the rebuild waits a minute for what a drainer that was killed had in hand.
            for component in sorted(order, key=lambda one: one != WIPE):
                bar.update(task, description=f"round {number + 1}: {_act(component)}")
                outcome = rounds.play(
                    component,
                    at=asked.at[number % len(asked.at)],
                    seed=asked.seed + number,
                    seconds=asked.seconds,
                    rate=asked.rate,
                    units=asked.units,
                )
                outcomes.append(outcome)
                bar.console.print(_line(outcome), highlight=False, soft_wrap=True)
                bar.advance(task)
    return outcomes


def _act(component: str) -> str:
    return "redis-cli flushall" if component == WIPE else f"kill -9 {component}"


def _line(outcome: Outcome) -> str:
    return (
        f"{outcome.component:9} killed {outcome.killed_after:.1f} s into {outcome.at}, served again after "
        f"{outcome.recovery:4.1f} s, {outcome.accepted} accepted: {_verdict(outcome)}"
    )


def _verdict(outcome: Outcome) -> str:
    wrong = [f"{getattr(outcome, name)} {name}" for name in (*WRONG, "unknown") if getattr(outcome, name)]
    return "; ".join([*wrong, *outcome.wrong]) or "as it should be"


def _table(outcomes: Sequence[Outcome]) -> Table:
    """One line for each component, over all rounds."""
    table = Table(
        title="Killed with -9 in a sale, or wiped; seconds until it served, and until all was in PostgreSQL",
        title_justify="left",
    )
    heads = ("component", "kills", "requests", "accepted", "lost", "doubled", "oversold", "unanswered",
             "unknown", "person", "wrong", "serves again", "worst", "settled")  # fmt: skip
    for head in heads:
        table.add_column(head, justify="left" if head == "component" else "right")
    for component in FAULTS:
        if lines := [outcome for outcome in outcomes if outcome.component == component]:
            table.add_row(component, *_sums(lines))
    if outcomes:
        table.add_section()
        table.add_row("all", *_sums(outcomes))
    return table


def _sums(lines: Sequence[Outcome]) -> list[str]:
    counted = (
        "requests",
        "accepted",
        "lost",
        "doubled",
        "oversold",
        "unanswered",
        "unknown",
        "with_a_person",
    )
    sums = [str(sum(getattr(line, name) for line in lines)) for name in counted]
    recovery = sorted(line.recovery for line in lines)
    wrong = sum(len(line.wrong) for line in lines)
    return [
        str(len(lines)),
        *sums,
        str(wrong),
        f"{recovery[len(recovery) // 2]:.1f}",
        f"{recovery[-1]:.1f}",
        f"{max(line.settled for line in lines):.1f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
