"""Two processes on two cores, each with half of the connections, against Nchan with two workers.

An update reaches both processes through the rooms' log; Nchan hands it from worker to worker
in shared memory. Two client processes each, on the same two cores.

    .venv/bin/python -m bench.live_two [--connections 10000] [--rounds 9]
"""

from contextlib import ExitStack
from dataclasses import replace

from bench import live_rounds, live_servers, live_stage, stage

HUB = replace(live_servers.WHOLE, name="hub, two processes")
NCHAN = replace(live_servers.NCHAN, name="Nchan, two workers", command=live_servers.nginx(workers=2))


def main() -> None:
    options = stage.options(
        __doc__,
        connections=(10_000, "to both processes together"),
        rounds=(9, "updates each; medians are reported"),
    )
    with live_stage.services("live_two", connections=options.connections), ExitStack() as stack:
        print(stage.versions())
        found = [live_rounds.start(HUB, stack, processes=2, crowds=2)]
        if live_servers.NCHAN_MODULE.exists():
            found.append(live_rounds.start(NCHAN, stack, crowds=2))
        else:
            print(live_servers.GET_NCHAN)
        live_rounds.play(found, connections=options.connections, rounds=options.rounds)
    title = f"One update to {options.connections:,} connections of two processes, ms after publishing began"
    print(live_rounds.report(title, found, against=(NCHAN,)))


if __name__ == "__main__":
    main()
