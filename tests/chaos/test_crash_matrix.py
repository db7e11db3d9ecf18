"""Each component killed once in the middle of a sale. `make chaos` does it longer, and again and again."""

import json
import subprocess
import sys

import pytest

from config import env
from tests.chaos.components import COMPONENTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes():
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--json", "--seconds", "2", "--rate", "40", "--units", "60"],
        cwd=env.ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout, done.stderr[-3000:]
    return {outcome["component"]: outcome for outcome in json.loads(done.stdout)}


@pytest.mark.parametrize("component", COMPONENTS)
def test_killed_in_mid_sale_it_loses_doubles_and_oversells_nothing(outcomes, component):
    outcome = outcomes[component]

    assert outcome["accepted"] > 0
    assert (outcome["lost"], outcome["doubled"], outcome["oversold"], outcome["unanswered"]) == (0, 0, 0, 0)
    assert outcome["wrong"] == []


@pytest.mark.parametrize("component", ["edge", "web", "live", "fastpath"])
def test_what_answers_requests_serves_again_soon(outcomes, component):
    # Five seconds on a machine of its own; the tests share theirs.
    assert outcomes[component]["recovery"] < 15
