"""What every REST endpoint has in common: how errors are told, who asks, and how much."""

import base64

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from rest_framework.authtoken.models import Token

from shop.rest import throttles

PRODUCT = "/api/v1/products/lamp/"
STOCK = "/api/v1/stock/LAMP/"
JSON = {"content_type": "application/json"}


@pytest.fixture
def lamp(make_sku, store):
    return make_sku("LAMP", available=3)


@pytest.fixture
def staff(db):
    """The header of somebody who may do everything."""
    user = User.objects.create_user("ada", is_staff=True)
    return {"HTTP_AUTHORIZATION": f"Token {Token.objects.create(user=user)}"}


class TestEveryErrorIsAProblem:
    @pytest.mark.parametrize(
        ("method", "path", "status", "refusal"),
        [
            ("GET", "/api/v1/products/chair/", 404, "not_found"),
            ("GET", "/api/v1/nothing/", 404, "not_found"),
            ("GET", "/api/", 404, "not_found"),
            ("DELETE", PRODUCT, 405, "method_not_allowed"),
            ("GET", "/api/v1/products/?cursor=x", 400, "bad_request"),
            ("GET", f"/api/v1/products/?cursor={base64.b64encode(b'p=abc').decode()}", 400, "bad_request"),
            ("PUT", STOCK, 401, "not_authenticated"),
            ("GET", "/api/v1/stock/%00/", 404, "not_found"),
        ],
    )
    def test_it_says_what_happened(self, lamp, client, method, path, status, refusal):
        answer = client.generic(method, path)

        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer["Cache-Control"] == "no-store"
        problem = answer.json()
        assert (problem["status"], problem["refusal"]) == (status, refusal)
        assert problem["title"] and problem["detail"]

    def test_a_media_type_that_we_do_not_speak(self, lamp, client, staff):
        assert client.get(PRODUCT, HTTP_ACCEPT="text/html").json()["refusal"] == "not_acceptable"
        answer = client.put(STOCK, "available=3", "application/x-www-form-urlencoded", **staff)
        assert (answer.status_code, answer.json()["refusal"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize(
        "body", [b"{", b"\xff", b"[" * 9000, b'{"available": NaN}', b"1" * 5000, b"[1]", b'"3"', b"null"]
    )
    def test_a_body_that_cannot_be_read(self, lamp, client, staff, body):
        answer = client.put(STOCK, body, **JSON, **staff)

        assert (answer.status_code, list(answer.json()["errors"])) in [(400, ["body"]), (400, ["available"])]

    def test_a_body_that_is_too_large(self, lamp, client, staff):
        assert client.put(STOCK, b" " * 70_000, **JSON, **staff).json()["refusal"] == "too_large"

    def test_a_header_that_cannot_be_read(self, client, settings):
        settings.ALLOWED_HOSTS = ["shop.example"]

        answer = client.get(PRODUCT, HTTP_HOST="elsewhere.example")

        assert (answer.status_code, answer.json()["refusal"]) == (400, "bad_request")

    def test_the_database_is_away(self, db, client, store):
        def gone(*_):
            raise OperationalError("the connection is closed")

        with connection.execute_wrapper(gone):
            answer = client.get(PRODUCT)

        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert answer.json()["refusal"] == "unavailable"

    def test_what_is_read_can_be_asked_for_without_its_body(self, lamp, client):
        answers = [client.head(path) for path in (PRODUCT, STOCK, "/api/v1/products/", "/api/schema/")]

        assert [answer.status_code for answer in answers] == [200] * 4

    def test_pages_stay_pages(self, client, db):
        assert client.get("/nothing/", HTTP_ACCEPT="text/html")["Content-Type"].startswith("text/html")


class TestTokens:
    def test_one_says_who_asks(self, lamp, client, staff):
        answer = client.put(STOCK, {"available": 5}, **JSON, **staff)

        assert (answer.status_code, answer.json()["available"]) == (200, 5)
        assert lamp.movements.get().by == "ada"

    @pytest.mark.parametrize("header", ["Token x", "Token \0", "Token é", "Token", "Token a b"])
    def test_one_that_nobody_issued_is_refused(self, lamp, client, header):
        answer = client.get(PRODUCT, HTTP_AUTHORIZATION=header)

        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")

    def test_a_shopper_is_not_staff(self, lamp, client):
        token = Token.objects.create(user=User.objects.create_user("eve"))

        answer = client.put(STOCK, {"available": 5}, **JSON, HTTP_AUTHORIZATION=f"Token {token}")

        assert (answer.status_code, answer.json()["refusal"]) == (403, "permission_denied")

    def test_the_admin_issues_them(self, admin_client):
        user = User.objects.create_user("till")

        answer = admin_client.post("/admin/authtoken/tokenproxy/add/", {"user": user.pk})

        assert answer.status_code == 302
        assert Token.objects.get().user == user

    @pytest.mark.parametrize("how", ["delete the token", "close the account"])
    def test_the_admin_takes_them_back(self, lamp, client, admin_client, how):
        user = User.objects.create_user("till", is_staff=True)
        token = Token.objects.create(user=user)
        held = {"HTTP_AUTHORIZATION": f"Token {token}"}
        assert client.put(STOCK, {"available": 5}, **JSON, **held).status_code == 200

        if how == "delete the token":
            admin_client.post(f"/admin/authtoken/tokenproxy/{user.pk}/delete/", {"post": "yes"})
        else:
            User.objects.filter(pk=user.pk).update(is_active=False)

        assert client.put(STOCK, {"available": 6}, **JSON, **held).status_code == 401


class TestThrottles:
    @pytest.fixture(autouse=True)
    def few(self, settings, monkeypatch, store):
        settings.THROTTLES = {"anonymous": 2, "token": 3, "catalogue": 4}
        # Ten seconds into a minute: the counts of a test are of one window.
        monkeypatch.setattr(throttles.time, "time", lambda: 1_900_000_030.0)

    def answers(self, client, path=STOCK, *, times=5, **headers):
        return [client.get(path, **headers).status_code for _ in range(times)]

    def test_a_stranger_is_told_when_to_come_back(self, lamp, client):
        assert self.answers(client, times=2) == [200, 200]

        answer = client.get(STOCK)

        assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
        assert (answer["Retry-After"], answer.json()["refusal"]) == ("50", "too_many")

    def test_a_token_may_ask_more_and_the_catalogue_more_still(self, lamp, client, staff):
        assert self.answers(client, **staff) == [200, 200, 200, 429, 429]
        assert self.answers(client, PRODUCT) == [200, 200, 200, 200, 429]

    def test_one_stranger_does_not_hold_off_another(self, lamp, client):
        self.answers(client, HTTP_X_FORWARDED_FOR="192.0.2.1")

        assert self.answers(client, times=1, HTTP_X_FORWARDED_FOR="192.0.2.2") == [200]

    def test_an_address_is_the_one_the_edge_saw(self, lamp, client):
        told = [
            self.answers(client, times=1, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}, 192.0.2.1") for n in range(3)
        ]

        assert told == [[200], [200], [429]]

    def test_a_site_is_one_client_however_many_addresses_it_has(self, lamp, client):
        told = [self.answers(client, times=1, HTTP_X_FORWARDED_FOR=f"2001:db8::{n}") for n in range(1, 4)]

        assert told == [[200], [200], [429]]

    def test_the_next_minute_is_another(self, lamp, client, monkeypatch):
        self.answers(client)
        monkeypatch.setattr(throttles.time, "time", lambda: 1_900_000_090.0)

        assert self.answers(client, times=1) == [200]

    def test_none_are_held_off_where_the_limit_is_0_or_the_store_is_away(self, lamp, client, settings):
        settings.THROTTLES = {"anonymous": 0}
        assert set(self.answers(client)) == {200}

        settings.THROTTLES = {"anonymous": 1}
        elsewhere = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1"}
        settings.CACHES = settings.CACHES | {"default": elsewhere}
        assert set(self.answers(client)) == {200}


class TestStock:
    def test_tells_what_can_be_bought_now(self, lamp, client, store):
        assert client.get(STOCK).json() == {
            "sku": "LAMP",
            "product": "lamp",
            "available": 3,
            "status": "in_stock",
            "version": 1,
        }

    def test_a_count_does_not_write_over_what_was_ordered_since(self, lamp, client, staff):
        answer = client.put(STOCK, {"available": 9, "seen": 4}, **JSON, **staff)

        assert (answer.status_code, answer.json()["refusal"]) == (409, "cannot_change")
        assert "now it is 3" in answer.json()["detail"]

    def test_a_sales_units_are_not_set(self, lamp, client, staff, put_on_sale):
        put_on_sale(lamp)

        answer = client.put(STOCK, {"available": 9}, **JSON, **staff)

        assert answer.status_code == 409
        assert "close the sale first" in answer.json()["detail"]

    @pytest.mark.parametrize("count", [{}, {"available": -1}, {"available": "x"}, {"available": 10**12}])
    def test_a_count_that_cannot_be(self, lamp, client, staff, count):
        answer = client.put(STOCK, count, **JSON, **staff)

        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["available"])

    def test_an_unknown_sku_is_not_found(self, lamp, client, staff):
        assert client.put("/api/v1/stock/CHAIR/", {"available": 1}, **JSON, **staff).status_code == 404
