"""Other programs are told, signed, in order, again where they did not answer, and never at others' cost."""

import base64
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections

from orders import post, relay, turns
from orders.receivers import posting, signing, webhooks
from orders.receivers.addresses import check_url
from orders.receivers.models import State, Webhook, WebhookDelivery, new_secret
from orders.receivers.webhooks import Answer
from shop import events
from shop.outbox import Receiver

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ORDER = "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"
OTHER = "0e2f6b0f-3a52-5e0b-9d53-6f2f5d0c6a11"
WEBHOOKS = [Receiver("webhooks", webhooks.write)]
OK, DOWN = Answer(200, "thanks"), Answer(None, "ConnectionRefusedError")


class Endpoint(BaseHTTPRequestHandler):
    """Somebody's program: keeps what it is sent, and answers as it was told to."""

    def do_POST(self):
        time.sleep(self.server.slow)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), content))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        self.wfile.write(b"seen\0")

    def log_message(self, *_):
        pass


@pytest.fixture
def listen():
    """`listen(status=200, slow=0)`: an endpoint, with the webhook that leads there."""
    servers = []

    def start(*, status=200, slow=0.0, **fields):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        server.daemon_threads, server.block_on_close = True, False
        server.status, server.slow, server.requests = status, slow, []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        server.webhook = make_webhook(f"http://127.0.0.1:{server.server_port}/in", **fields)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def make_webhook(url="http://127.0.0.1:9/", **fields):
    return Webhook.objects.create(url=url, **({"topics": [events.ORDER]} | fields))


def happen(*statuses, order=ORDER):
    for version, status in enumerate(statuses, start=1):
        events.tell_order(order, status=status, version=version)


def written(webhook):
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("id")
    return [row.payload["status"] for row in rows]


def due(webhook, *, now=None):
    return [row.payload["status"] for row in webhooks.due(webhook, now=now or datetime.now(UTC))]


class TestWrite:
    def test_writes_for_active_endpoints_what_they_asked_for(self):
        orders = make_webhook()
        both = make_webhook(topics=[events.ORDER, events.SALE])
        stock, off = make_webhook(topics=[events.STOCK]), make_webhook(active=False)
        happen("placed", "paid")

        relay.relay_once(to=WEBHOOKS)

        assert written(orders) == written(both) == ["placed", "paid"]
        assert written(stock) == written(off) == []

    def test_an_event_that_comes_twice_is_one_delivery(self):
        webhook = make_webhook()
        happen("placed")
        happened = list(events.OutboxEvent.objects.all())
        webhooks.write(happened)

        webhooks.write(happened)

        assert written(webhook) == ["placed"]


class TestDue:
    def test_a_key_waits_for_its_earlier_event_and_for_no_other_key(self):
        webhook = make_webhook()
        happen("placed", "paid")
        happen("placed", order=OTHER)
        relay.relay_once(to=WEBHOOKS)
        now = datetime.now(UTC)
        first, second = webhooks.due(webhook, now=now)

        webhooks.record(webhook, [(first, DOWN), (second, OK)], now=now)
        assert due(webhook, now=now) == []

        later = now + webhooks.FIRST_PAUSE
        webhooks.record(webhook, [(webhooks.due(webhook, now=later)[0], OK)], now=later)
        assert due(webhook, now=later) == ["paid"]

    def test_an_endpoint_that_never_answers_rests_for_longer_each_time(self):
        webhook = make_webhook()
        rests = []

        for _ in range(9):
            webhooks.record(webhook, [], now=NOON)
            webhook.refresh_from_db()
            rests.append((webhook.resting_until - NOON).total_seconds())

        assert rests == [5, 10, 20, 40, 80, 160, 320, 600, 600]
        assert webhook not in webhooks.awake(now=NOON)

    def test_gives_up_in_the_end_and_lets_the_next_one_through(self):
        webhook = make_webhook()
        happen("placed", "paid")
        relay.relay_once(to=WEBHOOKS)
        now = datetime.now(UTC)

        for day in range(webhooks.MOST_ATTEMPTS):
            now += timedelta(days=day)
            webhooks.record(webhook, [(webhooks.due(webhook, now=now)[0], DOWN)], now=now)

        assert due(webhook, now=now) == ["paid"]
        assert WebhookDelivery.objects.get(state=State.GIVEN_UP).attempts == webhooks.MOST_ATTEMPTS

    def test_an_endpoint_that_is_gone_is_switched_off(self):
        webhook = make_webhook()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        (delivery,) = webhooks.due(webhook, now=datetime.now(UTC))

        webhooks.record(webhook, [(delivery, Answer(410, ""))], now=NOON)

        webhook.refresh_from_db()
        assert not webhook.active

    def test_a_slower_sender_does_not_undo_what_a_quicker_one_wrote(self):
        webhook = make_webhook()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        (quick,), (slow,) = (webhooks.due(webhook, now=datetime.now(UTC)) for _ in range(2))

        webhooks.record(webhook, [(quick, OK)], now=NOON)
        webhooks.record(webhook, [(slow, DOWN)], now=NOON)

        assert WebhookDelivery.objects.get().state == State.DONE


class TestReplay:
    def test_is_sent_again_under_the_same_id_even_to_an_endpoint_that_rests(self, listen):
        endpoint = listen()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        post.send_to(endpoint.webhook.pk)
        webhooks.record(endpoint.webhook, [], now=datetime.now(UTC))

        webhooks.replay(WebhookDelivery.objects.get(), now=datetime.now(UTC))
        post.send_to(endpoint.webhook.pk)

        first, second = (headers["Webhook-Id"] for headers, _ in endpoint.requests)
        assert first == second
        assert WebhookDelivery.objects.get().state == State.DONE

    def test_is_refused_while_the_endpoint_is_switched_off(self):
        webhook = make_webhook()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        Webhook.objects.update(active=False)

        with pytest.raises(webhooks.CannotReplay, match="make it active first"):
            webhooks.replay(WebhookDelivery.objects.get(webhook=webhook), now=NOON)


class TestRequest:
    def test_is_signed_as_standard_webhooks_says(self, listen):
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        endpoint = listen(secret=secret)
        happen("placed")
        relay.relay_once(to=WEBHOOKS)

        post.send_to(endpoint.webhook.pk)

        ((headers, content),) = endpoint.requests
        signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + content
        digest = hmac.digest(base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), signed, "sha256")
        assert headers["Webhook-Signature"] == "v1," + base64.b64encode(digest).decode()
        assert abs(int(headers["Webhook-Timestamp"]) - time.time()) < 5
        said = json.loads(content)
        assert said["type"] == "order.changed"
        assert said["data"]["status"] == "placed"

    def test_the_signature_is_the_one_of_the_published_example(self):
        signature = signing.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            b'{"test": 2432232314}',
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        )

        assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    @pytest.mark.parametrize("status", [301, 404, 500])
    def test_only_a_2xx_is_a_yes_and_no_redirect_is_followed(self, listen, status):
        endpoint = listen(status=status)
        happen("placed")
        relay.relay_once(to=WEBHOOKS)

        assert post.send_to(endpoint.webhook.pk) is False

        delivery = WebhookDelivery.objects.get()
        assert (delivery.state, delivery.answer_status, delivery.answer) == (State.WAITING, status, "seen")

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/", "http://a..b/"])
    def test_nobody_there_is_written_down(self, url):
        webhook = make_webhook(url)
        happen("placed")
        relay.relay_once(to=WEBHOOKS)

        post.send_to(webhook.pk)

        delivery = WebhookDelivery.objects.get()
        assert (delivery.state, delivery.answer_status) == (State.WAITING, None)
        assert delivery.answer

    def test_a_secret_may_be_any_text(self):
        assert signing.sign("a", "1", b"{}", secret="hunter2").startswith("v1,")
        assert new_secret() != new_secret()


class TestAddress:
    @pytest.mark.parametrize("url", ["https://shop.example/in", "http://localhost:9000", "http://sink/"])
    def test_of_the_web_is_taken(self, url):
        check_url(url)

    @pytest.mark.parametrize(
        "url",
        ["file:///etc/passwd", "gopher://a/", "javascript:alert(1)", "//a/", "", "http://", "http://a:b/",
         "http://me:secret@a/", "http://[::1"],
    )  # fmt: skip
    def test_of_anything_else_is_refused(self, url):
        with pytest.raises(ValidationError):
            check_url(url)

    def test_is_refused_by_the_database_too(self):
        with pytest.raises(IntegrityError):
            make_webhook("file:///etc/passwd")

    def test_with_a_password_is_not_even_asked(self):
        webhook = make_webhook("http://me:secret@127.0.0.1:9/")

        (answer,) = posting.post(webhook, [WebhookDelivery()], now=NOON)

        assert answer == Answer(
            None, "Leave name and password out of the address: the signature says who sends."
        )


@pytest.mark.django_db(transaction=True)
def test_a_dead_and_a_slow_endpoint_hold_back_nobody(store, listen):
    dead, slow, quick = make_webhook("http://127.0.0.1:9/"), listen(slow=0.3), listen()
    for number in range(40):
        happen("placed", order=f"6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c{number:04}")
    relay.relay_once(to=WEBHOOKS)

    with turns.take(store, "post", length=timedelta(seconds=20)) as turn:
        runner = threading.Thread(target=_run, args=(turn,))
        began_at = time.monotonic()
        runner.start()
        while len(quick.requests) < 40 and time.monotonic() < began_at + 5:
            time.sleep(0.02)
        answered_meanwhile = len(slow.requests)
        turn.end()
        runner.join(timeout=10)

    assert len(quick.requests) == 40
    assert answered_meanwhile < 20
    assert not WebhookDelivery.objects.filter(webhook=dead, state=State.DONE).exists()


def _run(turn):
    try:
        post.run(turn)
    finally:
        connections.close_all()
