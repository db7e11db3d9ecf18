"""Whatever is done to a sale, in any order: every unit has one owner, and every promise is kept."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from edge import buffer
from tests.edge import sale_machine

IS_HUNT = settings.default is settings.get_profile("hunt")


@pytest.mark.django_db
def test_whatever_happens_to_a_sale_every_unit_has_one_owner(
    ledger, store, open_sale, make_product, monkeypatch
):
    monkeypatch.setattr(buffer, "connect", sale_machine.Buffer)

    class Machine(sale_machine.SaleMachine):
        pass

    Machine.ledger, Machine.store = ledger, store
    Machine.open_sale, Machine.make_product = staticmethod(open_sale), staticmethod(make_product)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=200 if IS_HUNT else 10,
            stateful_step_count=60 if IS_HUNT else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
