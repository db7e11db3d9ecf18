"""The batch writer: claims in, orders out, once."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders import drain
from orders.models import Order, OrderLine
from shop.models import Allotment, OutboxEvent, StockMovement
from tests.orders.conftest import make_claim, make_sku
from tests.orders.racing import race

TEXT = st.text(st.characters(), max_size=300)
pytestmark = pytest.mark.django_db


class TestWriteClaims:
    def test_makes_an_order_with_all_that_belongs_to_it(self, sale, lamp):
        claim = make_claim(sale, "a", quantity=2, number=7)

        drain.write_claims([claim])

        order = Order.objects.get()
        assert (str(order.id), order.status, order.version) == (claim.order_id, "placed", 1)
        assert (order.total, order.currency, order.claim_number) == (30, "USD", 7)
        assert (order.sale_id, order.generation) == (sale.pk, 1)
        assert order.address == claim.address
        assert order.accepted_at == datetime.fromtimestamp(1_700_000_000, UTC)
        line = OrderLine.objects.get()
        assert (line.order_id, line.sku_id, line.quantity, line.unit_price) == (order.id, lamp.pk, 2, 15)
        movement = StockMovement.objects.get()
        assert (movement.sku_id, movement.quantity, movement.reason) == (lamp.pk, -2, "ordered")
        assert (movement.order_id, movement.sale_id) == (order.id, sale.pk)
        event = OutboxEvent.objects.get()
        assert (event.topic, event.key) == ("order.changed", f"order:{order.id}")
        assert event.payload == {
            "order_id": str(order.id), "status": "placed", "version": 1, "product": "lamp",
        }  # fmt: skip

    def test_tells_which_were_new(self, sale):
        first, second = make_claim(sale, "a"), make_claim(sale, "b")

        assert drain.write_claims([first]).new == {first.order_id}
        again = drain.write_claims([first, second])

        assert (again.new, again.known, again.rejected) == ({second.order_id}, {first.order_id}, {})

    def test_draining_twice_is_draining_once(self, sale):
        batch = [make_claim(sale, key) for key in range(10)]

        drain.write_claims(batch)
        drain.write_claims(batch + batch)

        assert Order.objects.count() == OrderLine.objects.count() == 10
        assert StockMovement.objects.count() == OutboxEvent.objects.count() == 10
        assert Allotment.objects.get().ordered == 10

    def test_moves_each_allotment_once_with_the_sum(self, sale):
        batch = [make_claim(sale, key, quantity=key + 1) for key in range(3)]

        drain.write_claims(batch)

        assert Allotment.objects.get().ordered == 6

    def test_writes_whose_account_it_is_even_one_that_is_gone(self, sale):
        claims = [make_claim(sale, key, account=account) for key, account in enumerate((None, 999_999))]

        drain.write_claims(claims)

        assert sorted(Order.objects.values_list("account_id", flat=True), key=str) == [999_999, None]

    def test_an_empty_batch_is_nothing(self):
        assert drain.write_claims([]) == drain.Written()


class TestOneBadClaim:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"sku": "NO-SUCH"}, "unknown SKU 'NO-SUCH'"),
            ({"sku": "CHAIR"}, "no allotment of 'CHAIR'"),
            ({"sale_id": 999_999}, "no allotment of 'LAMP' in sale 999999"),
            ({"generation": 2}, "generation 2"),
            ({"quantity": 101}, "over the allotment: 101 of 'LAMP' asked for, 100 armed"),
            ({"quantity": 10**12}, "over the allotment"),
            ({"order_id": "not-a-uuid"}, "uuid"),
            ({"unit_price": "cheap"}, "numeric"),
            ({"email": "a" * 300}, "too long"),
            ({"name": "nul \0"}, "Unicode"),
            ({"sku": "\0"}, "cannot be written"),
            ({"accepted_ms": 10**40}, "out of range"),
            ({"account": 10**12}, "out of range"),
        ],
    )
    def test_is_rejected_with_its_reason_and_keeps_nobody_back(self, sale, changes, reason):
        make_sku("CHAIR")
        bad = make_claim(sale, "bad", **changes)
        good = [make_claim(sale, key) for key in range(9)]

        written = drain.write_claims([*good[:4], bad, *good[4:]])

        assert written.new == {claim.order_id for claim in good}
        assert list(written.rejected) == [bad.order_id]
        assert reason in written.rejected[bad.order_id]
        assert Order.objects.count() == Allotment.objects.get().ordered == 9

    @settings(max_examples=80)
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(["order_id", "sku", "unit_price", "currency", "email", "name"], TEXT),
                **dict.fromkeys(["buyer", "payment_token", "fingerprint", "product"], TEXT),
                **dict.fromkeys(["sale_id", "generation", "number", "accepted_ms"], st.integers()),
                "quantity": st.integers(min_value=1),
                "address": st.dictionaries(TEXT, TEXT | st.integers() | st.lists(TEXT)),
            },
        )
    )
    def test_whatever_it_says_it_is_an_order_or_rejected(self, sale, changes):
        claim, good = make_claim(sale, uuid.uuid4(), **changes), make_claim(sale, uuid.uuid4(), quantity=1)
        Allotment.objects.update(ordered=0)

        written = drain.write_claims([claim, good])

        assert good.order_id in written.new
        assert (claim.order_id in written.rejected) or len(written.new) == 2

    def test_the_same_id_with_another_body_is_no_repeat(self, sale):
        drain.write_claims([make_claim(sale, "a")])

        written = drain.write_claims([make_claim(sale, "a", fingerprint="other")])

        assert written.known == set()
        assert "another body" in next(iter(written.rejected.values()))


@pytest.mark.django_db(transaction=True)
class TestTwoDrainersAtOnce:
    def test_the_race_is_real_where_somebody_looks_first(self, sale):
        claim, ready = make_claim(sale, "a"), Barrier(2)

        race(lambda: look_then_write(claim, ready), lambda: look_then_write(claim, ready))

        assert Allotment.objects.get().ordered == 2

    def test_make_one_order_of_each_message(self, sale):
        batch, ready = [make_claim(sale, key) for key in range(50)], Barrier(2)

        def drain_all(mine):
            ready.wait()
            return drain.write_claims(mine)

        first, second = race(lambda: drain_all(batch), lambda: drain_all(batch[::-1]))

        assert len(first.new) + len(second.new) == 50
        assert first.new | second.new == {claim.order_id for claim in batch}
        assert Order.objects.count() == OrderLine.objects.count() == Allotment.objects.get().ordered == 50


def look_then_write(claim, ready):
    """A drain whose orders have ids of their own: it asks whether the claim's order is there, then writes."""
    known = Order.objects.filter(sale=claim.sale_id, claim_number=claim.number).exists()
    ready.wait()
    if not known:
        drain.write_claims([replace(claim, order_id=str(uuid.uuid4()))])
