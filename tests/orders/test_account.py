"""The account's pages: in, out, and my orders; and the token that the fast path reads."""

import time
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath_lambda import accounts, environment
from orders.models import Order
from shop.rest import throttles
from tests.orders.racing import race
from tests.orders.test_classic_order import body, order

pytestmark = pytest.mark.django_db
PASSWORD = "cast and blast 42"


@pytest.fixture(autouse=True)
def plain(store, monkeypatch):
    """Nobody is counted from the test before."""
    # All of a test is in one minute, wherever the clock stands: guesses are counted by the minute.
    monkeypatch.setattr(throttles, "time", SimpleNamespace(time=lambda: 1_700_000_000.0))


def sign(client, way, email="ada@example.org", password=PASSWORD, **more):
    return client.post(f"/account/{way}/", {"email": email, "password": password} | more)


def account_of(client):
    """Whose token this browser carries, as a door of the fast path reads it."""
    cookie = client.cookies.get(accounts.COOKIE)
    secret = django_settings.ACCOUNT_TOKEN_SECRET
    return (
        accounts.find(f"{accounts.COOKIE}={cookie.value}", secret=secret, now=time.time()) if cookie else None
    )


class TestSignUp:
    def test_makes_an_account_and_is_logged_in(self, client):
        response = sign(client, "sign-up", " Ada@Example.org ")

        user = User.objects.get()
        assert (response.status_code, response["Location"]) == (303, "/account/")
        assert (user.username, user.is_staff) == ("ada@example.org", False)
        assert "Nothing ordered" in client.get("/account/").content.decode()
        assert account_of(client) == user.pk

    def test_of_an_e_mail_that_has_an_account_is_told_to_log_in(self, client):
        sign(Client(), "sign-up")

        response = sign(client, "sign-up", "ADA@example.org", "another pass word")

        assert response.status_code == 400
        assert "There is an account with this e-mail already: log in." in response.content.decode()

    @pytest.mark.parametrize(
        ("email", "password", "sentence"),
        [
            ("nobody", PASSWORD, "valid email"),
            ("", PASSWORD, "Fill in the e-mail"),
            ("ada@example.org", "", "Fill in the password."),
            ("ada@example.org", "short", "at least 8"),
            ("ada@example.org", "password", "too common"),
            ("ada@example.org", "ada@example.org", "too similar"),
            (f"{'a' * 60}@{'b' * 60}.{'c' * 60}.org", PASSWORD, "at most 150"),
            ("ada@example.org", "nul \0 nul nul", "Null characters"),
        ],
    )
    def test_says_what_is_wrong(self, client, email, password, sentence):
        response = sign(client, "sign-up", email, password)

        assert response.status_code == 400
        assert sentence in response.content.decode()
        assert not User.objects.exists()


class TestLogIn:
    @pytest.fixture(autouse=True)
    def ada(self):
        return User.objects.create_user("ada@example.org", "ada@example.org", PASSWORD)

    def test_leads_to_my_orders_with_the_token(self, client, ada):
        response = sign(client, "log-in", "ADA@example.org")

        assert (response.status_code, response["Location"]) == (303, "/account/")
        assert account_of(client) == ada.pk
        cookie = client.cookies[accounts.COOKIE]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    def test_is_known_to_the_fast_path_by_what_the_browser_sends(self, client, ada):
        """Each reads its own variable, with its own default: here they have to be one."""
        sign(client, "log-in")
        sent = f"basket_count=1; {accounts.COOKIE}={client.cookies[accounts.COOKIE].value}"

        found = accounts.find(sent, secret=environment.account_token_secret(), now=time.time())

        assert found == ada.pk

    @pytest.mark.parametrize("wrong", [{"password": "guessed it"}, {"email": "bob@example.org"}])
    def test_with_a_wrong_word_does_not_say_which(self, client, wrong):
        response = sign(client, "log-in", **wrong)

        assert response.status_code == 400
        assert "do not belong together" in response.content.decode()
        assert account_of(client) is None

    def test_of_a_closed_account_is_refused(self, client, ada):
        User.objects.update(is_active=False)

        assert sign(client, "log-in").status_code == 400

    def test_goes_on_to_where_it_was_asked_for(self, client):
        assert sign(client, "log-in", next="/checkout/")["Location"] == "/checkout/"

    @pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
    def test_goes_nowhere_else(self, client, there):
        assert sign(client, "log-in", next=there)["Location"] == "/account/"

    def test_keeps_the_basket(self, client, lamp):
        client.post("/basket/add/", {"sku": "LAMP", "quantity": 1})

        sign(client, "log-in")

        assert "Lamp" in client.get("/basket/").content.decode()

    def test_needs_the_forms_own_token(self):
        strict = Client(enforce_csrf_checks=True)

        assert sign(strict, "log-in").status_code == 403
        assert sign(strict, "sign-up").status_code == 403
        assert strict.post("/account/log-out/").status_code == 403

    def test_is_not_tried_again_and_again(self, client):
        tried = [sign(Client(), "log-in", password=f"guess {n}").status_code for n in range(6)]

        response = sign(client, "log-in")

        assert tried == [400] * 6
        assert (response.status_code, response["Retry-After"]) == (429, "60")
        assert "tried too often" in response.content.decode()
        assert sign(client, "log-in", "bob@example.org").status_code == 400

    def test_counts_guesses_that_come_at_once(self):
        """Counted before the password is looked at: looking first would let all of them through."""
        ready = Barrier(4)

        def guess(first):
            ready.wait(timeout=60)
            return [
                sign(Client(), "log-in", password=f"guess {n}").status_code for n in range(first, first + 5)
            ]

        statuses = [
            status for some in race(*(lambda first=n: guess(first) for n in range(4))) for status in some
        ]

        assert statuses.count(400) == 6

    @settings(max_examples=20)
    @given(email=st.text(max_size=200), password=st.text(max_size=50), there=st.text(max_size=30))
    def test_garbage_is_never_our_failure(self, store, email, password, there):
        store.flushdb()

        response = sign(Client(), "log-in", email, password, next=there)

        assert response.status_code == 400


class TestLogOut:
    def test_takes_the_token_and_the_session_back(self, client):
        sign(client, "sign-up")

        response = client.post("/account/log-out/")

        assert (response.status_code, response["Location"]) == (303, "/")
        assert account_of(client) is None
        assert client.get("/account/")["Location"] == "/account/log-in/"


class TestMyOrders:
    def test_are_those_placed_from_the_account_on_either_page(self, client, lamp):
        sign(client, "sign-up")
        order(client, email="work@example.org")
        client.post("/basket/add/", {"sku": "LAMP", "quantity": 2})
        client.post("/checkout/", {**body(), **body()["address"], "idempotency_key": "k2", "address": ""})

        page = client.get("/account/").content.decode()

        assert set(Order.objects.values_list("account__email", flat=True)) == {"ada@example.org"}
        assert ("1 × Lamp" in page, "2 × Lamp" in page, "$40.00" in page) == (True, True, True)
        for placed in Order.objects.all():
            assert f'data-room="order:{placed.id}"' in page

    def test_are_not_those_that_merely_have_the_e_mail(self, client, lamp):
        order(Client(), email="ada@example.org")
        sign(client, "sign-up")

        assert "Nothing ordered" in client.get("/account/").content.decode()

    def test_come_a_page_at_a_time_in_a_fixed_number_of_queries(
        self, client, lamp, django_assert_num_queries
    ):
        sign(client, "sign-up")
        for key in range(3):
            order(client, key=f"k{key}")
        rows = list(Order.objects.all())
        for n in range(25):
            Order.objects.create(**{f.attname: getattr(rows[0], f.attname) for f in Order._meta.fields} | {
                "id": f"6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a{n:02}",
            })  # fmt: skip

        with django_assert_num_queries(7):
            page = client.get("/account/").content.decode()

        assert (page.count("account-order"), "?page=2" in page) == (20, True)
        assert client.get("/account/?page=2").content.decode().count("account-order") == 8

    @pytest.mark.parametrize("page", ["0", "-1", "x", "9999", "99999999", "²"])
    def test_of_a_page_that_is_not_there_are_none(self, client, page):
        sign(client, "sign-up")

        assert client.get("/account/", {"page": page}).status_code == 200

    def test_of_a_guest_are_behind_the_login(self, client):
        assert client.get("/account/")["Location"] == "/account/log-in/"

    def test_give_staff_who_came_by_the_admin_their_token(self, admin_client, admin_user):
        admin_client.get("/account/")

        assert account_of(admin_client) == admin_user.pk
