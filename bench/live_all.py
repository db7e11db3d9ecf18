"""The whole table of the live part, one bench after another, within a time: Markdown for RESULTS.md.

    .venv/bin/python -m bench.live_all [--most 10000] [--minutes 10]

The comparison is made at a tenth, at half, and at all of the connections; everything
else at all. What does not end in its time is left out, and said so.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from bench import live_stage

# Without Redis' other layer, which is slower still, and takes a third of the time.
BUT_CORE = ["--only", "plain", "tuned", "send", "frames", "broadcast", "nchan"]


def benches(most: int) -> Iterator[list[str]]:
    """Those first that matter most: the time may end before they do."""
    at_all = ["--connections", str(most)]
    yield ["bench.live", *at_all, "--rounds", "5", *BUT_CORE]
    yield ["bench.live_two", *at_all, "--rounds", "7"]
    yield ["bench.live_restart", *at_all]
    yield ["bench.live_order", *at_all, "--orders", "120"]
    yield ["bench.live_rush", *at_all]
    yield ["bench.live_dead", *at_all, "--rounds", "11"]
    yield ["bench.live", "--connections", str(most // 2), "--rounds", "3", *BUT_CORE]
    yield ["bench.live", "--connections", str(most // 10), "--rounds", "5", *BUT_CORE]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=10_000, help="connections")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all of it")
    options = parser.parse_args()
    deadline = time.monotonic() + options.minutes * 60
    failed = 0
    for bench in benches(options.most):
        print(f"\n== {' '.join(bench)}", flush=True)
        failed += not _ran(bench, seconds=deadline - time.monotonic())
    return int(failed > 0)


def _ran(bench: list[str], *, seconds: float) -> bool:
    if seconds <= 0:
        print("Left out: the time is over (--minutes).")
        return False
    code = live_stage.run([sys.executable, "-m", *bench], seconds=seconds)
    if code is None:
        print("Left out: it was not done when the time was over (--minutes).")
    if code:
        print(f"It ended with {code}: its lines are above.")
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
