"""The comparison of bench/live: all contestants at once, each with a crowd of its own, asked in turn.

What else the machine does meets all of them: a round is one update of each. Who is not
asked has nothing to do.
"""

import argparse
import asyncio
import json
import os
import sys
from contextlib import ExitStack

import redis

from bench import live_rivals, live_rounds
from bench.live_servers import GET_NCHAN, NCHAN, NCHAN_MODULE, SEND, WHOLE, Contestant, update
from bench.live_stage import SANSIO, uvicorn


def to_group(number: int, topic: str, _: int) -> None:
    asyncio.run(live_rivals.tell(topic, update(number, topic)))


def to_topic(number: int, topic: str, _: int) -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as store:
        store.publish(live_rivals.TOPIC, json.dumps(update(number, topic)))


BASELINE = Contestant("Channels", uvicorn("bench.live_rivals:plain", SANSIO), to_group, "plain")
TUNED = Contestant("Channels, tuned", uvicorn("bench.live_rivals:tuned", SANSIO), to_group, "tuned")
CORE = Contestant("Channels, core", uvicorn("bench.live_rivals:core", SANSIO), to_group, "core")
CORE_TUNED = Contestant(
    "Channels, core, tuned", uvicorn("bench.live_rivals:core_tuned", SANSIO), to_group, "core-tuned"
)
BROADCAST = Contestant(
    "websockets.broadcast",
    lambda port: [sys.executable, "-m", "bench.live_rivals", str(port)],
    to_topic,
    "broadcast",
)
CONTESTANTS = {one.topic: one for one in (BASELINE, CORE, TUNED, CORE_TUNED, SEND, WHOLE, BROADCAST, NCHAN)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="*", choices=CONTESTANTS)
    options = parser.parse_args()
    names = options.only or list(CONTESTANTS)
    if "nchan" in names and not NCHAN_MODULE.exists():
        print(GET_NCHAN)
        names.remove("nchan")
    with ExitStack() as stack:
        found = [live_rounds.start(CONTESTANTS[name], stack) for name in names]
        live_rounds.play(found, connections=options.connections, rounds=options.rounds)
    title = f"One update to {options.connections:,} connections of one process, ms after publishing began"
    print(live_rounds.report(title, found, against=(BASELINE, TUNED, NCHAN)))


if __name__ == "__main__":
    main()
