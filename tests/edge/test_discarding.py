"""A discarded claim: its units come back once, every unit is accounted for meanwhile, its buyer is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from edge import audit, buffer, lifecycle
from edge.ledger import connect
from fastpath_lambda import claims
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Refusal
from fastpath_lambda.stores.redis import RedisLedger
from orders import advancing, discarding, drain, queries, relay, releasing, sweeping
from orders.dead_letters import CannotChange
from orders.models import DeadLetter, Order, Payment
from orders.receivers import mail as mails
from orders.sandbox import Sandbox
from shop.models import Allotment, Sku, Stock
from tests.orders.conftest import queue, receive_all  # noqa: F401

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
BEFORE_ALL = datetime(2100, 1, 1, tzinfo=UTC)


class Died(Exception):
    """The process ended here."""


class DiesAfter(RedisLedger):
    """Whoever uses it dies as soon as the units are back."""

    def give_back(self, release):
        super().give_back(release)
        raise Died


@pytest.fixture
def claim(open_sale, take):
    """Two units of three, claimed by ada, who may have two."""
    open_sale(units=3, limit_per_buyer=2)
    return take(quantity=2, buyer="ada")


@pytest.fixture
def letter(claim):
    return bury(claim)


def bury(claim):
    body, name = claims.to_json(claim), claim.order_id
    return DeadLetter.objects.create(message_id=name, order_id=name, body=body, reason="the database said no")


def discard(letter):
    return discarding.discard(letter, ledger=connect(), by="ops", now=NOW)


def units():
    """Of the only SKU: left, claimed, ordered, returned. Everything has to balance whenever this is asked."""
    (row,) = audit.audit()
    assert row.is_balanced, row
    return row.left, row.claimed, row.ordered, row.returned


class TestUnits:
    def test_go_back_on_sale_and_off_the_buyers_limit(self, letter, ledger, take):
        assert take(buyer="ada") is Refusal.OVER_LIMIT

        assert discard(letter) == 2
        releasing.settle_all(ledger)

        assert ledger.count("lamp", 1).left == {"LAMP": 3}
        assert isinstance(take(quantity=2, buyer="ada"), Claim)
        letter.refresh_from_db()
        assert (letter.state, letter.units_returned, letter.changed_by) == ("discarded", 2, "ops")

    def test_are_accounted_for_between_every_two_writes(self, letter, ledger, store, queue):  # noqa: F811
        assert units() == (1, 2, 0, 0)

        discard(letter)
        assert units() == (1, 0, 0, 2)
        with pytest.raises(Died):
            releasing.settle_all(DiesAfter(store))
        assert units() == (3, 0, 0, 0)
        releasing.settle_all(ledger)
        assert units() == (3, 0, 0, 0)

        # The ledger knows of a claim still: the sweep brings it to the drain, which finds the order.
        sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(0))
        swept = [claims.from_json(message.body) for message in receive_all(queue)]
        assert drain.write_claims(swept).known == {str(letter.order_id)}
        ledger.confirm("lamp", 1, [str(letter.order_id)])
        assert units() == (3, 0, 0, 0)

    def test_of_a_closed_sale_go_to_stock(self, letter):
        lifecycle.close("lamp", by="ada")
        assert (Stock.objects.get().available, units()) == (8, (0, 2, 0, 1))

        assert discard(letter) == 2

        assert (Stock.objects.get().available, units()) == (10, (0, 0, 0, 3))

    def test_that_a_wrong_ledger_promised_are_nobodys_to_give_back(self, claim, take, drain_all):
        """All three are ordered; a fourth was promised by a ledger that was lost and rebuilt wrongly."""
        take()
        drain_all()

        assert discard(bury(replace(claim, order_id=OTHER))) == 0

        assert Allotment.objects.get().ordered == 3
        assert audit.is_balanced(audit.audit())
        assert Order.objects.get(id=OTHER).status == "cancelled"

    def test_of_nobodys_message_are_none(self):
        letter = DeadLetter.objects.create(message_id="m", body="{broken", reason="not JSON")

        assert discard(letter) is None

        letter.refresh_from_db()
        assert (letter.state, letter.units_returned) == ("discarded", None)

    def test_of_a_claim_that_is_an_order_stay_with_it(self, letter, claim):
        drain.write_claims([claim])

        assert discard(letter) is None

        assert Order.objects.get().status == "placed"
        assert units() == (1, 0, 2, 0)

    def test_stay_claimed_where_the_claim_has_to_be_mended_first(self, claim):
        letter = bury(replace(claim, name="Ada\0"))

        with pytest.raises(CannotChange, match=r"text that cannot be written, in name.*Mend it first"):
            discard(letter)

        assert (DeadLetter.objects.get().state, units()) == ("waiting", (1, 2, 0, 0))

    def test_stay_claimed_while_their_sku_has_another_name(self, letter):
        Sku.objects.update(code="LANTERN")

        with pytest.raises(CannotChange, match="unknown SKU 'LAMP'"):
            discard(letter)


class TestLostLedger:
    """Wiped while a letter waits."""

    @pytest.fixture(autouse=True)
    def empty(self, queue, monkeypatch):  # noqa: F811
        monkeypatch.setattr(buffer, "connect", lambda: queue)

    def rebuild(self):
        for seconds in (0, 3):
            lifecycle.advance(now=timezone.now() + timedelta(seconds=seconds))

    def test_its_units_go_back_to_the_one_that_took_its_place(self, letter, store, ledger):
        store.flushall()
        self.rebuild()
        assert units() == (1, 2, 0, 0)

        assert discard(letter) == 2

        assert units() == (1, 0, 0, 2)
        releasing.settle_all(ledger)
        assert units() == (3, 0, 0, 0)

    def test_its_units_go_to_stock_once_the_sale_is_closed(self, letter, store):
        store.flushall()
        self.rebuild()
        lifecycle.close("lamp", by="ada")
        assert units() == (0, 2, 0, 1)

        assert discard(letter) == 2

        assert (units(), Stock.objects.get().available) == ((0, 0, 0, 3), 10)

    def test_it_waits_until_that_is_rebuilt(self, letter, store):
        store.flushall()
        Allotment.objects.update(epoch=1)

        with pytest.raises(CannotChange, match="its ledger is being rebuilt"):
            discard(letter)

        assert DeadLetter.objects.get().state == "waiting"

    def test_what_turned_up_after_the_close_holds_none(self, claim, store):
        store.flushall()
        self.rebuild()
        lifecycle.close("lamp", by="ada")
        assert units() == (0, 0, 0, 3)

        assert discard(bury(claim)) == 0

        assert (units(), Order.objects.get().status) == ((0, 0, 0, 3), "cancelled")


OTHER = "00000000-0000-5000-8000-000000000001"


class TestBuyer:
    def test_is_told_by_one_mail_that_it_was_us(self, letter, store, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        discard(letter)
        relay.relay_once()

        while mails.send_next(now=BEFORE_ALL):
            pass

        (told,) = mail.outbox
        assert told.subject.startswith("We could not complete your order")
        assert "that was our fault, not yours" in " ".join(told.body.split())

    def test_sees_it_cancelled_on_the_page_and_in_the_room(self, letter, store, client):
        discard(letter)
        relay.relay_once()

        assert store.hget(f"spillway:{{{letter.order_id}}}:order", "status") == b"cancelled"
        assert "cancelled" in client.get(queries.page_url(letter.order_id)).content.decode()

    def test_is_never_asked_to_pay(self, letter):
        discard(letter)

        payments = advancing.advance(Sandbox(secret="s"), now=BEFORE_ALL)

        assert (payments, Payment.objects.count()) == (0, 0)


class TestForesee:
    def test_says_what_discarding_will_do(self, letter):
        assert discarding.foresee(letter).endswith(
            "2 of LAMP go back on sale. ada@example.org is told that the order could not be completed."
        )
        lifecycle.close("lamp", by="ada")
        letter.refresh_from_db()
        assert "2 of LAMP go back to the shop's stock." in discarding.foresee(letter)
        discard(letter)
        assert "nothing can be done with it any more" in discarding.foresee(letter)
