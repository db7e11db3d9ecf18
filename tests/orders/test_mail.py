"""A buyer gets one mail for each state of their order, whatever is repeated, fails, or is killed."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail as outgoing
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection

from config.service import wait_until
from fastpath_lambda import forms
from orders import placing, relay
from orders.models import Order
from orders.receivers import mail, mailbox
from orders.receivers.models import Letter, OrderMail, State
from shop import events
from shop.models import Sku
from shop.outbox import Receiver
from tests.orders.conftest import ADDRESS

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MAIL = [Receiver("mail", mail.write)]
ROOT = Path(__file__).resolve().parent.parent.parent


class Down(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("no mail server here")


class Fragile(EmailBackend):
    """Breaks its connection at one mail, and takes nothing more over what is left of it."""

    connected, is_open, is_broken = 0, False, False

    def open(self):
        self.connected += not self.is_open
        self.is_open = True

    def close(self):
        self.is_open = self.is_broken = False

    def send_messages(self, messages):
        self.is_broken |= "Broken" in messages[0].body
        if self.is_broken:
            raise ConnectionResetError("in the middle of a mail")
        return super().send_messages(messages)


@pytest.fixture
def order(lamp):
    return place(lamp)


def place(sku, *, key="first", email="ada@example.org", name="Ada"):
    form = forms.OrderForm(
        key=key, sku=sku.code, quantity=1, email=email, name=name, address=ADDRESS, payment_token="tok_ok"
    )
    asked = placing.ask(form, scope=sku.product.slug, lines=[(Sku.objects.get(pk=sku.pk), 1)])
    placing.place(asked, now=NOON)
    return Order.objects.get(id=asked.order_id)


def happen(order, status, version):
    events.tell_order(order.id, status=status, version=version)


def send_all(*, now=None, backend=None):
    while mail.send_next(now=now or datetime.now(UTC), backend=backend):
        pass


class TestWrite:
    def test_writes_one_mail_for_each_state_a_buyer_cares_about(self, order):
        for version, status in enumerate(Order.Status.values, start=2):
            happen(order, status, version)

        relay.relay_once(to=MAIL)

        written = OrderMail.objects.order_by("id").values_list("status", flat=True)
        assert list(written) == ["placed", "confirmed", "shipped", "cancelled", "refunded"]

    def test_an_event_that_comes_twice_writes_no_second_mail(self, order):
        happened = [event for event in events.OutboxEvent.objects.all() if event.topic == events.ORDER]

        mail.write(happened)
        mail.write(happened)

        assert OrderMail.objects.count() == 1

    def test_what_cannot_be_read_holds_back_nobody(self, order):
        events.OutboxEvent.objects.create(topic=events.ORDER, key="order:?", payload={"order_id": "?"})
        events.OutboxEvent.objects.create(topic=events.ORDER, key="order:?", payload=[])
        happen(order, "confirmed", 2)

        relay.relay_once(to=MAIL)

        assert OrderMail.objects.count() == 2

    def test_an_order_that_is_not_there_gets_none(self):
        events.tell_order("6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11", status="placed", version=1)

        relay.relay_once(to=MAIL)

        assert not OrderMail.objects.exists()


class TestSend:
    def test_a_buyer_reads_what_they_ordered_and_where_to_follow_it(self, order, settings):
        settings.EDGE_URL = "https://shop.example"
        relay.relay_once(to=MAIL)

        send_all()

        (sent,) = outgoing.outbox
        assert sent.to == ["ada@example.org"]
        assert sent.subject == f"We have your order ({str(order.id)[:8]})"
        assert "Dear Ada," in sent.body
        assert "1 x Lamp  $20.00" in sent.body
        assert f"https://shop.example/orders/{order.id}/?token=" in sent.body
        assert sent.extra_headers["Message-ID"] == f"<{order.id}.placed@shop.example>"
        assert OrderMail.objects.get().state == State.DONE

    def test_a_name_is_text_in_both_parts(self, lamp):
        place(lamp, name="<b>Ada & Co</b>")
        relay.relay_once(to=MAIL)

        send_all()

        (sent,) = outgoing.outbox
        assert "Dear <b>Ada & Co</b>," in sent.body
        assert "Dear &lt;b&gt;Ada &amp; Co&lt;/b&gt;," in sent.alternatives[0].content

    def test_a_mail_server_that_is_down_is_asked_again_later(self, order):
        relay.relay_once(to=MAIL)
        now = datetime.now(UTC)

        assert mail.send_next(now=now, backend=Down()) == 0
        assert mail.send_next(now=now) == 0
        assert mail.send_next(now=now + mail.FIRST_PAUSE) == 1

        written = OrderMail.objects.get()
        assert (written.state, written.attempts, written.error) == (State.DONE, 2, "")

    def test_several_go_over_one_connection_and_a_broken_one_is_not_used_again(self, lamp):
        for name in ("Ada", "Broken", "Grace"):
            place(lamp, key=name, name=name)
        relay.relay_once(to=MAIL)
        server = Fragile()

        assert mail.send_next(now=datetime.now(UTC), backend=server) == 2

        assert server.connected == 2
        assert OrderMail.objects.filter(state=State.WAITING).count() == 1

    def test_gives_up_in_the_end_and_says_why(self, order):
        relay.relay_once(to=MAIL)
        now = datetime.now(UTC)

        for day in range(mail.MOST_ATTEMPTS):
            mail.send_next(now=now + timedelta(days=day), backend=Down())

        written = OrderMail.objects.get()
        assert (written.state, written.due_at) == (State.GIVEN_UP, None)
        assert written.error == "ConnectionRefusedError: no mail server here"

    def test_an_order_s_mails_keep_their_order(self, order):
        happen(order, "confirmed", 2)
        relay.relay_once(to=MAIL)
        now = datetime.now(UTC)
        mail.send_next(now=now, backend=Down())

        send_all(now=now)
        assert outgoing.outbox == []

        send_all(now=now + mail.FIRST_PAUSE)
        assert [sent.subject[:15] for sent in outgoing.outbox] == ["We have your or", "Your order is c"]

    def test_one_that_waits_keeps_back_the_others_of_its_order_and_nobody_else_s(self, lamp, order):
        happen(order, "confirmed", 2)
        relay.relay_once(to=MAIL)
        now = datetime.now(UTC)
        OrderMail.objects.filter(status="placed").update(due_at=now + timedelta(minutes=5))
        other = place(lamp, key="second", email="grace@example.org")
        relay.relay_once(to=MAIL)

        send_all(now=now + timedelta(seconds=1))

        assert [sent.to for sent in outgoing.outbox] == [[other.email]]
        confirmed = OrderMail.objects.get(status="confirmed")
        assert confirmed.due_at == now + timedelta(minutes=5)

    def test_an_address_that_no_server_takes_is_its_own_trouble(self, lamp):
        place(lamp, key="first", email="ada@example.org\nBcc: all@example.org")
        place(lamp, key="second")
        relay.relay_once(to=MAIL)

        send_all()
        send_all()

        assert [sent.to for sent in outgoing.outbox] == [["ada@example.org"]]


class TestMailbox:
    def test_keeps_both_parts(self, order):
        relay.relay_once(to=MAIL)

        send_all(backend=mailbox.Backend())

        letter = Letter.objects.get()
        assert letter.recipients == "ada@example.org"
        assert "Dear Ada," in letter.text
        assert letter.html.startswith("<!doctype html>")

    def test_the_same_message_is_the_same_letter(self, order):
        relay.relay_once(to=MAIL)
        send_all(backend=mailbox.Backend())
        OrderMail.objects.update(state=State.WAITING, due_at=NOON - timedelta(days=9999))

        send_all(backend=mailbox.Backend())

        assert Letter.objects.count() == 1

    def test_forgets_letters_of_last_month(self, order):
        relay.relay_once(to=MAIL)
        send_all(backend=mailbox.Backend())

        mailbox.forget(now=datetime.now(UTC) + timedelta(days=31))

        assert not Letter.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_after_sending_and_before_noting_it_sends_that_one_mail_again(lamp):
    place(lamp)
    relay.relay_once(to=MAIL)
    database = os.environ["DATABASE_URL"].replace("/spillway", f"/{connection.settings_dict['NAME']}")

    status = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_SENDING], env=os.environ | {"DATABASE_URL": database}, cwd=ROOT
    )
    # PostgreSQL holds the row until it sees that nobody is there any more.
    assert wait_until(lambda: mail.send_next(now=datetime.now(UTC)) == 1, 60)

    assert status.returncode == -signal.SIGKILL
    assert len(outgoing.outbox) == 1
    assert OrderMail.objects.get().state == State.DONE


KILLED_AFTER_SENDING = """
import os, signal
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from django.core.mail.backends.dummy import EmailBackend
from django.utils import timezone
from orders.receivers import mail

class Last(EmailBackend):
    def send_messages(self, messages):
        os.kill(os.getpid(), signal.SIGKILL)

mail.send_next(now=timezone.now(), backend=Last())
"""
