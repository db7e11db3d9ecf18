"""Whatever is done to a sale, in any order: every unit has one owner, and every promise is kept."""

from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from edge import buffer
from tests.edge.machine import planted, stage
from tests.edge.machine.whole import BEGINNINGS, SaleMachine

EFFORT: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
if settings.default is settings.get_profile("hunt"):
    EFFORT |= {"max_examples": 100, "stateful_step_count": 60}
else:
    # A history of so few steps is short enough as it was found: shortening it takes minutes.
    EFFORT |= {"max_examples": 3, "stateful_step_count": 15, "phases": [Phase.explicit, Phase.generate]}

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def play(ledger, store, open_sale, make_product, monkeypatch):
    """`play(beginning)`: some histories of a sale that begin like this."""
    monkeypatch.setattr(buffer, "connect", stage.Buffer)

    class Machine(SaleMachine):
        pass

    Machine.ledger, Machine.store = ledger, store
    Machine.open_sale, Machine.make_product = staticmethod(open_sale), staticmethod(make_product)

    def run(beginning, **fields):
        Machine.beginning = beginning
        run_state_machine_as_test(Machine, settings=settings(**(EFFORT | fields)))

    return run


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_whatever_happens_to_a_sale_every_unit_has_one_owner(play, beginning):
    play(beginning)


@pytest.mark.parametrize("bug", planted.BUGS)
def test_the_machine_finds_what_a_missing_guard_does(play, bug, monkeypatch):
    planted.BUGS[bug](monkeypatch)

    with pytest.raises((AssertionError, IntegrityError)):
        for beginning in BEGINNINGS:
            play(beginning, max_examples=1, stateful_step_count=2)
