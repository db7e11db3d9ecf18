"""Errors outside of any endpoint: people get pages, programs problems, and an outage is called one."""

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from redis import RedisError

from config import errors
from fastpath_lambda.problems import CONTENT_TYPE
from fastpath_lambda.sqs import QueueError
from shop import views

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MEMBERS = {"type", "title", "status", "detail", "refusal"}


@pytest.fixture(autouse=True)
def plain_files(settings):
    """Pages are tested without collecting files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


class TestAProgramIsAnsweredInItsOwnLanguage:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("get", "/no/such/thing/", 404),
            ("post", "/shop/", 405),
            ("delete", "/shop/rods/lamp/", 405),
            ("put", "/shop/rods/lamp/order/0190c3d2-0000-7000-8000-000000000000", 405),
            ("post", "/orders/0190c3d2-0000-7000-8000-000000000000/", 405),
        ],
    )
    def test_whatever_it_did_wrong(self, method, path, status):
        answer = getattr(Client(enforce_csrf_checks=True), method)(path)

        assert (answer.status_code, answer.headers["Content-Type"]) == (status, CONTENT_TYPE)
        assert set(answer.json()) >= MEMBERS
        assert ("Allow" in answer.headers) is (status == 405)

    def test_a_form_of_another_page_too(self):
        answer = Client(enforce_csrf_checks=True).post("/account/log-out/")

        assert (answer.status_code, answer.json()["refusal"]) == (403, "stale_form")

    def test_a_header_that_cannot_be_read_too(self, client):
        answer = client.get("/", headers={"Host": 'a b"<>'})

        assert (answer.status_code, answer.json()["refusal"]) == (400, "bad_request")
        assert answer.json()["errors"]


class TestAPersonGetsAPage:
    @pytest.mark.parametrize(
        ("found", "says"),
        [
            (lambda request: errors.not_found(request, Http404()), b"hooked a boot"),
            (lambda request: errors.bad_request(request, ValueError()), b"cannot be read"),
            (lambda request: errors.forbidden(request, PermissionError()), b"Log in as somebody who may"),
            (errors.stale_form, b"Load its page again"),
            (errors.server_error, b"broke on our side"),
        ],
    )
    def test_that_says_what_to_do(self, db, found, says):
        answer = found(RequestFactory().get("/shop/", headers=BROWSER))

        assert answer.headers["Content-Type"].startswith("text/html")
        assert says in answer.content

    def test_after_a_form_with_a_picture_too(self, db):
        answer = errors.server_error(RequestFactory().post("/admin/shop/product/add/", headers=BROWSER))

        assert answer.headers["Content-Type"].startswith("text/html")


class TestAnOutageOfTheDatabase:
    @pytest.fixture(autouse=True)
    def away(self, monkeypatch):
        def fail():
            raise OperationalError("the database system is shutting down")

        monkeypatch.setattr(views.queries, "front_page", fail)

    def test_is_503_and_says_when_to_come_back(self, client):
        answer = client.get("/")

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.json()["refusal"] == "unavailable"

    def test_is_a_page_for_people(self, client):
        answer = client.get("/", headers=BROWSER)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert b"cannot answer just now" in answer.content
        assert b"shutting down" not in answer.content


@pytest.mark.parametrize(
    "error", [RedisError("Timeout reading from redis:6379"), QueueError("Unreachable", "no answer")]
)
def test_a_store_of_the_sales_is_away_for_people_too(error, client, monkeypatch):
    def fail():
        raise error

    monkeypatch.setattr(views.queries, "front_page", fail)

    answer = client.get("/", headers=BROWSER)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert str(error).encode() not in answer.content
