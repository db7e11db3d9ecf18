"""The host desk: staff only, every button a plain form, and its script's JSON."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from live.models import KeyMoment, Pin, Show
from shop.models import Sku
from tests.live.shows.world import make_show
from tests.orders.conftest import make_sale

pytestmark = pytest.mark.django_db

BUTTONS = [
    ("pin/", {"product": "lamp"}, "Pinned: Lamp."),
    ("unpin/", {}, "Nothing is pinned."),
    ("moments/", {"title": "The first fish"}, "Marked: The first fish."),
    ("price/", {"sku": "LAMP", "price": "12.50"}, "LAMP costs 12.50 now."),
    ("end/", {}, "Night at the tailrace is over."),
]


@pytest.fixture
def press(admin_client, store):
    def press(path, fields, *, slug="tailrace", **headers):
        return admin_client.post(f"/ops/shows/{slug}/{path}", fields, headers=headers, follow=not headers)

    return press


class TestButtons:
    @pytest.mark.parametrize(("path", "fields", "said"), BUTTONS)
    def test_answer_a_form_with_the_desk_and_a_sentence(self, show, press, path, fields, said):
        answer = press(path, fields)

        assert answer.redirect_chain == [("/ops/shows/tailrace/", 302)]
        assert said in answer.content.decode()

    @pytest.mark.parametrize(("path", "fields", "said"), BUTTONS)
    def test_answer_a_script_with_the_sentence_alone(self, show, press, path, fields, said):
        answer = press(path, fields, Accept="application/json")

        assert answer.status_code == 200
        assert answer.json()["said"].startswith(said)

    def test_go_live(self, db, press):
        make_show()

        press("live/", {})

        assert Show.objects.get().status == "live"

    def test_take_a_moment_back(self, show, press):
        moment = KeyMoment.objects.create(show=show, title="Oops", at=show.went_live_at)

        press(f"moments/{moment.pk}/remove/", {})

        assert KeyMoment.objects.get().is_removed

    @pytest.mark.parametrize("price", ["", "free", "-1", "1e9", "NaN", "12.345"])
    def test_a_price_that_is_none_is_refused(self, show, press, price):
        answer = press("price/", {"sku": "LAMP", "price": price}, Accept="application/json")

        assert (answer.status_code, answer.json()["said"][:7]) == (409, "A price")

    def test_a_price_on_the_fast_path_is_refused_with_what_to_do(self, show, press):
        make_sale(Sku.objects.get(code="LAMP"), units=1)

        answer = press("price/", {"sku": "LAMP", "price": "1"}, Accept="application/json")

        assert answer.status_code == 409
        assert "promised until that sale closes" in answer.json()["said"]

    def test_of_no_show_are_not_found(self, db, press):
        assert press("end/", {}, slug="nothing").status_code == 404


class TestStaffOnly:
    @pytest.mark.parametrize("path", ["", "pin/", "end/", "price/"])
    @pytest.mark.parametrize("visitor", ["nobody", "shopper"])
    def test_others_are_asked_to_log_in_and_nothing_happens(self, show, client, store, path, visitor):
        if visitor == "shopper":
            client.force_login(User.objects.create_user("ada"))
        ask = client.post if path else client.get

        answer = ask(f"/ops/shows/tailrace/{path}", {"product": "lamp"})

        assert answer.url.startswith("/admin/login/")
        assert not Pin.objects.exists()
        assert Show.objects.get().status == "live"

    def test_a_foreign_page_cannot_press_for_them(self, show, admin_user, store):
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin_user)

        assert client.post("/ops/shows/tailrace/end/").status_code == 403


class TestDesk:
    def test_has_every_product_with_its_stock_and_key(self, show, admin_client, store):
        page = admin_client.get("/ops/shows/tailrace/").content.decode()

        assert page.count("data-key=") == 3
        assert page.count('<b data-live="available">3</b>') == 2
        assert '<iframe src="/shows/tailrace/"' in page

    def test_marks_what_is_pinned(self, show, admin_client, press):
        press("pin/", {"product": "desk"})

        page = admin_client.get("/ops/shows/tailrace/").content.decode()

        assert 'data-product="desk" class="is-pinned"' in page
        assert page.count('class="is-pinned"') == 1

    def test_the_list_leads_to_each(self, show, admin_client, store):
        assert 'href="/ops/shows/tailrace/"' in admin_client.get("/ops/shows/").content.decode()
