"""Claims becoming orders, per second: the batch writer and the whole drain, against an ORM loop.

The loop is what one would write first: one transaction for each order, `get_or_create`
on its id, then line, movement, event and allotment. The writer alone gets the same
claims in batches. The whole drain also receives them from the queue, confirms them to
the ledger and deletes them. Everything is of one run, on services of its own, in rounds of
all four, so that what else the machine does meets all of them.

The embedded queue looks through all that waits for every message it hands out or
deletes, which SQS does not. So the backlog is queued in portions, between which the
clock stands still; `--portion 0` queues it whole.

    .venv/bin/python -m bench.drain [--claims 50000] [--loop 2000] [--rounds 5]
"""

import sys

from bench import stage


def main() -> int:
    options = stage.options(
        __doc__,
        claims=(50_000, "in the backlog"),
        loop=(2_000, "claims for the ORM loop"),
        rounds=(5, "to split both into; medians are reported"),
        portion=(2_000, "most claims that wait in the queue"),
        hands=(4, "threads that receive, and that delete"),
    )
    arguments = [f"--{name}={value}" for name, value in vars(options).items()]
    return stage.run_measures("bench.drain_measures", arguments)


if __name__ == "__main__":
    sys.exit(main())
