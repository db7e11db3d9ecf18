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

import argparse
import os
import subprocess
import sys

from bench import stage
from config import embedded, env


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, default=50_000, help="in the backlog")
    parser.add_argument("--loop", type=int, default=2_000, help="claims for the ORM loop")
    parser.add_argument("--rounds", type=int, default=5, help="to split both into; medians are reported")
    parser.add_argument("--portion", type=int, default=2_000, help="most claims that wait in the queue")
    parser.add_argument("--hands", type=int, default=4, help="threads that receive, and that delete")
    options = parser.parse_args()
    services = embedded.Embedded(env.ROOT / "var" / "bench" / "drain")
    services.forget()
    try:
        variables = services.start() | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(services.folder),
            "LOG_LEVEL": "WARNING",
        }
        print(stage.versions())
        measures = [sys.executable, "-m", "bench.drain_measures"]
        arguments = [f"--{name}={value}" for name, value in vars(options).items()]
        return subprocess.run([*measures, *arguments], env=os.environ | variables, cwd=env.ROOT).returncode
    finally:
        services.stop()
        services.forget()


if __name__ == "__main__":
    sys.exit(main())
