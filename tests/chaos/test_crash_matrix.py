"""Each component killed once in the middle of a sale, and Redis wiped. `make chaos` does it longer."""

import json
import subprocess
import sys

import pytest

from config import env
from tests.chaos.components import COMPONENTS, SERVICES, WIPE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes():
    options = "--json --seconds 2 --rate 40 --units 60"
    command = [sys.executable, "-m", "tests.chaos", *options.split()]
    with subprocess.Popen(
        command, cwd=env.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            answer, errors = run.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            # It takes its shop with it; killed, it would leave all of that running.
            run.terminate()
            raise
    assert answer, errors[-3000:]
    return {outcome["component"]: outcome for outcome in json.loads(answer)}


@pytest.mark.parametrize("component", [*COMPONENTS, WIPE])
def test_killed_in_mid_sale_it_loses_doubles_and_oversells_nothing(outcomes, component):
    outcome = outcomes[component]

    assert outcome["accepted"] > 0
    assert (outcome["lost"], outcome["doubled"], outcome["oversold"], outcome["unanswered"]) == (0, 0, 0, 0)
    assert outcome["wrong"] == []


@pytest.mark.parametrize("component", [name for name in COMPONENTS if name not in SERVICES])
def test_what_keeps_nothing_serves_again_soon(outcomes, component):
    # Five seconds on a machine of its own; on a busy one, what nobody starts again is still not back.
    assert outcomes[component]["recovery"] < 60
