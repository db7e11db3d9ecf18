"""Under any schedule of faults every client ends with exactly what the ledger and the database have.

Real processes and links, a real store, and faults that are drawn from a seed. More of
them: CONVERGENCE_ROUNDS=20 CONVERGENCE_SECONDS=20, and CONVERGENCE_SEED to see one again.
"""

import asyncio
import os
import random
import threading
import time

import pytest
from django.db import connection, connections

from config.service import wait_until
from live import publish
from tests.live.converging.shop import ROOMS, Shop
from tests.live.converging.stage import PROCESSES, Stage
from tests.live.converging.viewer import Viewer

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("CONVERGENCE_SEED", "1"))
ROUNDS = int(os.environ.get("CONVERGENCE_ROUNDS", "1"))
SECONDS = float(os.environ.get("CONVERGENCE_SECONDS", "6"))
VIEWERS = 12
# Reconnects, and a store that was found away, spread over some seconds; a machine that stalls needs more.
SETTLED_WITHIN = 90.0

FAULTS = ("kill live", "kill store", "lose memory", "pause door", "pause pipe", "cut doors",
          "cut pipe", "silence door", "silence pipe", "slow doors", "slow pipe")  # fmt: skip


def draw(seed):
    """A schedule: (seconds from the start, fault, which process) in turn; the worst at least once."""
    dice = random.Random(seed)
    faults = ["kill live", "kill store", "lose memory", *dice.choices(FAULTS, k=int(SECONDS))]
    dice.shuffle(faults)
    moments = sorted(dice.uniform(0.2, SECONDS) for _ in faults)
    return [(at, fault, dice.randrange(PROCESSES)) for at, fault in zip(moments, faults, strict=True)]


def commit(fault, number, *, stage, shop):
    door, pipe = stage.doors[number], stage.pipes[number]
    for_a_while = {"pause door": door, "pause pipe": pipe}
    if fault in for_a_while:
        for_a_while[fault].pause()
        threading.Timer(0.7, for_a_while[fault].resume).start()
    elif fault == "lose memory":
        stage.lose_memory()
        shop.open_sale()
    elif fault == "kill live":
        stage.kill_process(number)
    elif fault == "kill store":
        stage.kill_store()
    elif fault.startswith("cut"):
        (door if fault == "cut doors" else pipe).cut()
    elif fault.startswith("silence"):
        (door if fault == "silence door" else pipe).silence()
    else:
        (door if fault == "slow doors" else pipe).delay = 0.05


def play(schedule, *, stage, shop, viewers):
    shop.start()
    # Who comes after the first fault sees nothing begin anew.
    assert wait_until(lambda: all(all(viewer.positions.values()) for viewer in viewers), SETTLED_WITHIN)
    started = time.monotonic()
    for at, fault, number in schedule:
        time.sleep(max(0.0, started + at - time.monotonic()))
        commit(fault, number, stage=stage, shop=shop)
    stage.heal()
    shop.stop()
    try:
        return shop.truth
    finally:
        connections.close_all()


def seen(viewer):
    found = {}
    for room, state in viewer.state.items():
        for name, value in state.items():
            found[room] = (name, value["available"], value["version"])
    return found


@pytest.fixture
def stage(transactional_db, settings, request):
    name = connection.settings_dict["NAME"]
    database_url = os.environ["DATABASE_URL"].replace("/spillway", f"/{name}")
    folder = os.path.join(os.environ["VAR_DIR"], "convergence")
    with Stage(folder, database_url=database_url, seed=request.param) as stage:
        settings.REDIS_URL = stage.url
        publish._store.cache_clear()
        yield stage
    publish._store.cache_clear()


@pytest.mark.parametrize("stage", range(SEED, SEED + ROUNDS), indirect=True)
def test_everybody_ends_with_the_truth(stage, request):
    seed = request.node.callspec.params["stage"]
    shop, schedule = Shop(stage, seed=seed), draw(seed)
    ports = [door.port for door in stage.doors]
    viewers = [Viewer(ports, ROOMS, seed=f"{seed}-{number}") for number in range(VIEWERS)]

    truth = asyncio.run(watch(viewers, schedule, stage=stage, shop=shop))

    said = f"seed {seed}: {schedule}"
    assert [viewer.wrong for viewer in viewers] == [[]] * VIEWERS, said
    assert [seen(viewer) for viewer in viewers] == [truth] * VIEWERS, said
    assert min(viewer.epochs for viewer in viewers) > len(ROOMS), "nobody saw a new epoch"


async def watch(viewers, schedule, *, stage, shop):
    watching = [asyncio.create_task(viewer.run()) for viewer in viewers]
    truth = await asyncio.to_thread(play, schedule, stage=stage, shop=shop, viewers=viewers)
    # Looks, not time: while the machine does nothing else either, nobody is late.
    for _ in range(int(SETTLED_WITHIN / 0.05)):
        if all(seen(viewer) == truth for viewer in viewers):
            break
        await asyncio.sleep(0.05)
    # What would go wrong after it was right once.
    await asyncio.sleep(0.3)
    for task in watching:
        task.cancel()
    outcomes = await asyncio.gather(*watching, return_exceptions=True)
    assert [repr(error) for error in outcomes if not isinstance(error, asyncio.CancelledError)] == []
    return truth
