"""A sale's life: opened, paused and resumed; and all of it, from arming to closing."""

import pytest

from edge import audit, lifecycle
from edge.lifecycle import CannotChange
from edge.models import SaleChange
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Refusal, State
from orders import releasing, workflow
from orders.models import Order
from tests.edge.world import interrupt, stock

pytestmark = pytest.mark.django_db


class TestMove:
    def test_open_lets_shoppers_buy(self, make_plan, take):
        make_plan()
        lifecycle.arm("lamp", by="ada")
        assert take() is Refusal.NOT_OPEN

        sale = lifecycle.open_sale("lamp", by="bob")

        assert isinstance(take(), Claim)
        assert (sale.state, sale.changed_by) == ("open", "bob")

    def test_pause_stops_them_and_resume_lets_them_go_on(self, open_sale, take):
        open_sale()

        lifecycle.pause("lamp", by="ada")
        paused = take()
        lifecycle.resume("lamp", by="ada")

        assert paused is Refusal.PAUSED
        assert isinstance(take(), Claim)
        actions = SaleChange.objects.order_by("id").values_list("action", flat=True)
        assert list(actions) == ["arm", "open", "pause", "resume"]

    @pytest.mark.parametrize(
        ("move", "sentence"),
        [
            (lifecycle.pause, "Cannot pause the sale of Lamp: it is armed. Open it first"),
            (lifecycle.resume, "Cannot resume the sale of Lamp: it is armed. Open it first"),
        ],
    )
    def test_refuses_what_an_armed_sale_cannot_do(self, make_plan, move, sentence):
        make_plan()
        lifecycle.arm("lamp", by="ada")

        with pytest.raises(CannotChange, match=sentence):
            move("lamp", by="ada")

    def test_refuses_to_open_a_draft(self, make_plan):
        make_plan()

        with pytest.raises(CannotChange, match="it is draft"):
            lifecycle.open_sale("lamp", by="ada")

    def test_refuses_to_open_a_paused_sale(self, open_sale):
        open_sale()
        lifecycle.pause("lamp", by="ada")

        with pytest.raises(CannotChange, match="it is paused"):
            lifecycle.open_sale("lamp", by="ada")

    def test_again_is_no_change(self, open_sale):
        open_sale()

        lifecycle.open_sale("lamp", by="bob")

        assert SaleChange.objects.filter(action="open").count() == 1

    def test_finishes_a_pause_that_crashed_before_it_was_written_down(self, open_sale, ledger):
        open_sale()
        ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])

        sale = lifecycle.pause("lamp", by="ada")

        assert (sale.state, SaleChange.objects.latest("id").action) == ("paused", "pause")

    def test_finishes_an_arming_that_crashed_before_it_opens(self, make_plan, take, monkeypatch):
        make_plan()
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.arming.load", interrupt)
            lifecycle.arm("lamp", by="ada")

        lifecycle.open_sale("lamp", by="ada")

        assert isinstance(take(), Claim)


def test_a_sale_of_several_skus_works_from_arming_to_closing(
    make_product, open_sale, take, drain_all, ledger
):
    product = make_product(skus=["LAMP-S", "LAMP-M", "LAMP-L"])
    open_sale(product=product, units=2, limit_per_buyer=3)
    kept, undone = take(sku="LAMP-S", quantity=2), take(sku="LAMP-M")
    assert take(sku="LAMP-S") is Refusal.SOLD_OUT
    take(sku="LAMP-L", buyer="ada")
    drain_all()
    workflow.cancel([undone.order_id], allowed_from=Order.Status.PLACED)
    releasing.settle_all(ledger)

    rows = {each.sku: (each.left, each.ordered) for each in audit.audit()}
    lifecycle.close("lamp", by="ada")

    assert rows == {"LAMP-S": (0, 2), "LAMP-M": (2, 0), "LAMP-L": (1, 1)}
    assert {code: stock(code).available for code in rows} == {"LAMP-S": 8, "LAMP-M": 10, "LAMP-L": 9}
    assert Order.objects.get(id=kept.order_id).lines.get().quantity == 2
    assert audit.is_balanced(audit.audit())
