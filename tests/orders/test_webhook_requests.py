"""What is sent to an endpoint: signed, to addresses of the web only, and never at others' cost."""

import base64
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections

from config.service import wait_until
from orders import post, relay, turns
from orders.receivers import posting, signing
from orders.receivers.addresses import check_url
from orders.receivers.models import State, WebhookDelivery, new_secret
from orders.receivers.webhooks import Answer
from tests.orders.endpoint import WEBHOOKS, happen, listen, make_webhook

pytestmark = pytest.mark.django_db
__all__ = ["listen"]  # a fixture

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LONG = timedelta(minutes=10)


class TestRequest:
    def test_is_signed_as_standard_webhooks_says(self, listen):
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        endpoint = listen(secret=secret)
        happen("placed")
        relay.relay_once(to=WEBHOOKS)

        before = int(time.time())
        post.send_to(endpoint.webhook.pk)

        ((headers, content),) = endpoint.requests
        signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + content
        digest = hmac.digest(base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), signed, "sha256")
        assert headers["Webhook-Signature"] == "v1," + base64.b64encode(digest).decode()
        assert before <= int(headers["Webhook-Timestamp"]) <= time.time()
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
def test_a_dead_and_a_slow_endpoint_hold_back_nobody(store, listen, monkeypatch):
    # Nobody gives up the slow one before it answers, and it answers last.
    monkeypatch.setattr(posting, "TIMEOUT", aiohttp.ClientTimeout(total=LONG.total_seconds()))
    dead, slow, quick = make_webhook("http://127.0.0.1:9/"), listen(is_awake=False), listen()
    for number in range(40):
        happen("placed", order=f"6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c{number:04}")
    relay.relay_once(to=WEBHOOKS)

    with turns.take(store, "post", length=LONG, lease=LONG) as turn:
        runner = threading.Thread(target=_run, args=(turn,))
        runner.start()
        all_came = wait_until(lambda: len(quick.requests) == 40, 30)
        slow.awake.set()
        turn.end()
        runner.join(timeout=60)

    assert all_came
    assert len(quick.requests) == 40
    assert not WebhookDelivery.objects.filter(webhook=dead, state=State.DONE).exists()


def _run(turn):
    try:
        post.run(turn)
    finally:
        connections.close_all()
