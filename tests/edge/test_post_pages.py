"""What staff see of the mails to buyers and of the webhooks, and nobody else."""

from datetime import UTC, datetime

import pytest

from orders import relay
from orders.receivers import mailbox, webhooks
from orders.receivers.models import Letter, State, Webhook, WebhookDelivery
from shop import events, outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nearby")]
ORDER = "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"


@pytest.fixture
def letter():
    return Letter.objects.create(
        message_id="<1@shop>",
        sender="shop@example.org",
        recipients="ada@example.org",
        subject="We have your <order>",
        text="Dear Ada,",
        html='<p>Dear "Ada",</p><script>alert(1)</script>',
    )


@pytest.fixture
def delivery(store):
    Webhook.objects.create(url="https://sink.example/in", topics=[events.ORDER])
    events.tell_order(ORDER, status="placed", version=1)
    relay.relay_once()
    return WebhookDelivery.objects.select_related("webhook").get()


class TestMailbox:
    def test_opens_the_newest_letter_in_a_frame_that_runs_nothing(self, admin_client, letter):
        page = admin_client.get("/ops/mailbox/").content.decode()

        assert "We have your &lt;order&gt;" in page
        assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc=' in page
        assert "&lt;p&gt;Dear &quot;Ada&quot;" in page
        assert "<script>alert" not in page

    def test_finds_by_address(self, admin_client, letter):
        other = mailbox.Letter.objects.create(
            message_id="<2@shop>", recipients="bob@example.org", subject="B"
        )

        found = admin_client.get("/ops/mailbox/?q=ADA@").context["letters"]

        assert list(found) == [letter]
        assert admin_client.get(f"/ops/mailbox/{other.pk}/").context["opened"] == other

    @pytest.mark.parametrize("asked", ["nobody", "%00", "%", "'"])
    def test_says_where_nothing_is_found(self, admin_client, asked):
        answer = admin_client.get(f"/ops/mailbox/?q={asked}")

        assert answer.status_code == 200
        assert b"No letter" in answer.content

    def test_a_letter_that_is_not_there_is_not_found(self, admin_client):
        assert admin_client.get("/ops/mailbox/1/").status_code == 404

    @pytest.mark.parametrize("path", ["/ops/mailbox/", "/ops/mailbox/1/", "/ops/webhooks/"])
    def test_is_for_staff(self, client, path):
        assert client.get(path).headers["Location"].startswith("/admin/login/")


class TestWebhooks:
    def test_shows_what_an_endpoint_did_not_take(self, admin_client, delivery):
        answers = [(delivery, webhooks.Answer(500, "<b>out of order</b>"))]
        webhooks.record(delivery.webhook, answers, now=datetime.now(UTC))

        page = admin_client.get("/ops/webhooks/?state=waiting").content.decode()

        assert "fails: asked again at" in page
        assert "500 &lt;b&gt;out of order" in page

    def test_replays_one(self, admin_client, delivery):
        WebhookDelivery.objects.update(state=State.GIVEN_UP, due_at=None)

        page = admin_client.post(f"/ops/webhooks/{delivery.pk}/replay/", follow=True).content.decode()

        delivery.refresh_from_db()
        assert f"Delivery {delivery.pk} is sent again." in page
        assert delivery.state == State.WAITING

    def test_says_why_it_does_not_replay(self, admin_client, delivery):
        Webhook.objects.update(active=False)

        page = admin_client.post(f"/ops/webhooks/{delivery.pk}/replay/", follow=True).content.decode()

        assert "make it active first" in page

    def test_a_link_replays_nothing(self, admin_client, delivery):
        assert admin_client.get(f"/ops/webhooks/{delivery.pk}/replay/").status_code == 405


class TestAdmin:
    def test_an_endpoint_is_added_with_a_secret_of_its_own(self, admin_client):
        form = {
            "url": "https://sink.example/in",
            "topics": [events.SALE],
            "secret": "whsec_eA==",
            "active": "on",
        }

        admin_client.post("/admin/orders/webhook/add/", form)

        webhook = Webhook.objects.get()
        assert (webhook.topics, webhook.secret) == ([events.SALE], "whsec_eA==")

    @pytest.mark.parametrize("url", ["ftp://sink.example/", "javascript:alert(1)", "sink.example"])
    def test_an_address_that_is_not_of_the_web_is_refused(self, admin_client, url):
        form = {"url": url, "topics": [events.SALE], "secret": "x", "active": "on"}

        page = admin_client.post("/admin/orders/webhook/add/", form).content.decode()

        assert "write an address that begins with" in page
        assert not Webhook.objects.exists()

    def test_replays_from_the_log(self, admin_client, delivery):
        WebhookDelivery.objects.update(state=State.DONE, due_at=None)
        action = {"action": "replay", "_selected_action": [delivery.pk]}

        admin_client.post("/admin/orders/webhookdelivery/", action)

        delivery.refresh_from_db()
        assert delivery.state == State.WAITING

    @pytest.mark.parametrize("of", ["webhook", "webhookdelivery", "ordermail"])
    def test_has_a_list_of_each(self, admin_client, delivery, of):
        assert admin_client.get(f"/admin/orders/{of}/").status_code == 200


def test_ops_says_who_is_behind_and_why(admin_client, nearby, delivery):
    outbox.leave_alone(relay.RECEIVERS[1], ConnectionError("no database here"), now=datetime.now(UTC))
    events.tell_order(ORDER, status="paid", version=2)

    page = admin_client.get("/ops/now/").content.decode()

    assert "event not yet told: mail, 1 failure in a row, ConnectionError: no database here" in page
    assert "event not yet told: rooms" in page
