"""A forgotten password: who has an account gets a link, which sets a new one, once."""

import re
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from shop.rest import throttles
from tests.orders.test_account import account_of, plain, sign  # noqa: F401

pytestmark = pytest.mark.django_db
OLD, NEW = "cast and blast 42", "blast and cast 24"


@pytest.fixture(autouse=True)
def shop(settings):
    settings.EDGE_URL = "https://shop.example"


@pytest.fixture(autouse=True)
def ada(plain):  # noqa: F811
    return User.objects.create_user("ada@example.org", "Ada@example.org", OLD)


def ask(client, email="ada@example.org", **headers):
    return client.post("/account/forgotten/", {"email": email}, headers=headers, follow=True)


def link():
    """Where the last mail leads."""
    return re.search(r"https://shop\.example(/account/forgotten/\S+)", mail.outbox[-1].body)[1]


def set_to(client, password, *, again=None):
    page = client.get(link(), follow=True)
    return client.post(
        page.wsgi_request.path, {"new_password1": password, "new_password2": again or password}, follow=True
    )


def test_the_link_sets_a_new_password_and_logs_in(client, ada):
    page = ask(client, "ADA@example.org")
    assert "Look at your mail" in page.content.decode()
    assert mail.outbox[0].to == ["Ada@example.org"]

    page = set_to(client, NEW)

    assert "Your orders" in page.content.decode()
    assert account_of(client) == ada.pk
    assert sign(Client(), "log-in", password=NEW).status_code == 303
    assert sign(Client(), "log-in", password=OLD).status_code == 400


def test_it_works_once(client):
    ask(client)
    set_to(client, NEW)

    page = Client().get(link(), follow=True).content.decode()

    assert "does not work any more" in page
    assert "new_password1" not in page


def test_who_is_logged_in_elsewhere_is_logged_out(client):
    elsewhere = Client()
    sign(elsewhere, "log-in", password=OLD)
    assert elsewhere.get("/account/").status_code == 200
    ask(client)

    set_to(client, NEW)

    assert elsewhere.get("/account/").status_code == 303


def test_who_has_no_account_is_told_the_same_and_gets_nothing(client):
    assert ask(client, "bob@example.org").content == ask(client).content
    assert [letter.to for letter in mail.outbox] == [["Ada@example.org"]]


def test_the_link_leads_to_the_shop_whatever_the_request_calls_it(client, settings):
    settings.ALLOWED_HOSTS = ["*"]

    ask(client, host="evil.example")

    assert link()
    assert "evil" not in mail.outbox[0].body


def test_too_many_are_refused_for_a_minute(client, monkeypatch):
    answers = [ask(client) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert answers[-1]["Retry-After"] == "60"
    assert "Wait a minute" in answers[-1].content.decode()
    monkeypatch.setattr(throttles, "time", SimpleNamespace(time=lambda: 1_700_000_120.0))
    assert ask(client).status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [("password", "password", "too common"), (NEW, OLD, "match")],
)
def test_a_bad_password_is_refused_with_why(client, first, second, sentence):
    ask(client)

    page = set_to(client, first, again=second).content.decode()

    assert sentence in page
    assert sign(Client(), "log-in", password=OLD).status_code == 303


@pytest.mark.parametrize("email", ["", "nobody", "a\0b@example.org"])
def test_what_is_no_address_is_said_beside_the_field(client, email):
    page = ask(client, email).content.decode()

    assert 'aria-describedby="error-email"' in page
    assert not mail.outbox
