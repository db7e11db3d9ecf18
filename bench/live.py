"""How soon everybody sees an update, and what a connection costs: the hub against what else there is.

Each contestant is one server process, with one client process that holds all its
connections, reads bytes and takes nothing apart; they are asked in turn, an update
each in every round. An update is published as its users would, from outside, and timed
from that moment to each client's read. Compared are plain Channels (its documentation's
consumer, over both of its Redis layers, with Python's collector as it comes and as
`live` sets it), the hub over ASGI's send and with finished frames,
websockets.broadcast, and Nchan where it is installed.

    .venv/bin/python -m bench.live [--connections 10000] [--rounds 5] [--only send frames nchan]
"""

import argparse
import sys

from bench import live_stage, stage


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=10_000, help="to one process")
    parser.add_argument("--rounds", type=int, default=5, help="updates each; medians are reported")
    parser.add_argument("--only", nargs="*", default=[], help="these contestants and no others")
    options = parser.parse_args()
    with live_stage.services("live", connections=options.connections):
        print(stage.versions())
        arguments = [f"--connections={options.connections}", f"--rounds={options.rounds}"]
        if options.only:
            arguments += ["--only", *options.only]
        measures = [sys.executable, "-m", "bench.live_measures", *arguments]
        return live_stage.run(measures) or 0


if __name__ == "__main__":
    sys.exit(main())
