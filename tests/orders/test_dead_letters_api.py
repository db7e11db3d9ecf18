"""Dead letters over REST, for staff's own programs."""

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from fastpath_lambda import claims
from orders.models import DeadLetter
from tests.orders.conftest import make_claim, receive_all

pytestmark = pytest.mark.django_db
URI = "/api/v1/dead-letters/"


@pytest.fixture
def ask(client, store):
    """`ask("7/replay/", post=True)` as staff."""
    token = Token.objects.create(user=User.objects.create_user("ada", is_staff=True))

    def send(path="", *, post=False):
        method = client.post if post else client.get
        return method(f"{URI}{path}", HTTP_AUTHORIZATION=f"Token {token}")

    return send


def make_letter(body="{broken", **fields):
    return DeadLetter.objects.create(**({"message_id": "m1", "body": body, "reason": "unknown SKU"} | fields))


def test_lists_what_waits_the_newest_first(ask):
    for number, state in enumerate(["waiting", "waiting", "replayed"]):
        make_letter(message_id=f"m{number}", state=state)

    def told(query=""):
        return [letter["message_id"] for letter in ask(query).json()["results"]]

    assert told() == ["m1", "m0"]
    assert told("?state=replayed") == ["m2"]
    assert told("?state=all") == ["m2", "m1", "m0"]
    assert ask("?state=lost").status_code == 400


def test_shows_the_body_of_one(ask):
    letter = make_letter()

    shown = ask(f"{letter.pk}/").json()

    assert (shown["id"], shown["state"], shown["body"]) == (letter.pk, "waiting", "{broken")
    assert ask("99999999999999999999999/").status_code == 404


def test_replays_one_into_the_buffer(ask, sale, queue, monkeypatch):
    monkeypatch.setenv("SQS_QUEUE_NAME", queue.name)
    letter = make_letter(claims.to_json(make_claim(sale, "a")))

    answer = ask(f"{letter.pk}/replay/", post=True)

    assert (answer.status_code, answer.json()["state"], answer.json()["changed_by"]) == (
        200,
        "replayed",
        "ada",
    )
    assert [message.body for message in receive_all(queue)] == [letter.body]


def test_discards_one_that_holds_nobodys_units(ask):
    letter = make_letter()

    assert ask(f"{letter.pk}/discard/", post=True).json()["state"] == "discarded"
    again = ask(f"{letter.pk}/discard/", post=True)
    assert (again.status_code, again.json()["refusal"]) == (409, "cannot_change")


def test_the_queue_is_away(ask, monkeypatch):
    monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:1")
    letter = make_letter()

    answer = ask(f"{letter.pk}/replay/", post=True)

    assert (answer.status_code, answer.json()["refusal"]) == (503, "unavailable")
    assert DeadLetter.objects.get().state == "waiting"


@pytest.mark.parametrize("path", ["", "1/", "1/replay/", "1/discard/"])
def test_is_for_staff(client, store, path):
    assert client.get(f"{URI}{path}").status_code == 401
