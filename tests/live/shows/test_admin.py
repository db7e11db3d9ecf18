"""Shows in the admin: planned with their products; changes are told, and step on nobody's toes."""

import pytest

from live import admin
from live.models import Show
from live.shows import airing
from orders.relay import relay_once
from tests.live.shows.world import NOON, make_show
from tests.live.world import StoredRoom
from tests.orders.conftest import make_sku

pytestmark = pytest.mark.django_db

FORM = {
    "title": "Night at the tailrace",
    "slug": "tailrace",
    "host": "Ada",
    "starts_at_0": "2026-03-09",
    "starts_at_1": "12:00:00",
    "hls_url": "/media/shows/tailrace/index.m3u8",
    "listed-TOTAL_FORMS": "1",
    "listed-INITIAL_FORMS": "0",
}


@pytest.fixture
def save(admin_client, store):
    def save(path, **changes):
        answer = admin_client.post(path, FORM | changes)
        assert answer.status_code == 302, answer.context["errors"]

    return save


def listed(show):
    """The form's rows for the products that the show has, as they are."""
    rows = {"listed-INITIAL_FORMS": str(show.listed.count()), "listed-TOTAL_FORMS": str(show.listed.count())}
    for number, row in enumerate(show.listed.all()):
        fields = {"id": row.pk, "show": show.pk, "product": row.product_id, "position": row.position}
        rows |= {f"listed-{number}-{name}": str(value) for name, value in fields.items()}
    return rows


def test_a_plan_has_its_products(save):
    lamp = make_sku("LAMP")
    save("/admin/live/show/add/", **{"listed-0-product": str(lamp.product_id), "listed-0-position": "0"})

    show = Show.objects.get()
    assert (show.status, [each.slug for each in show.products.all()]) == ("scheduled", ["lamp"])


def test_a_change_is_told_to_who_waits_for_the_show(save, store):
    show = make_show()
    rows = listed(show) | {"listed-1-DELETE": "on"}

    save(f"/admin/live/show/{show.pk}/change/", title="Night at the dam", **rows)
    relay_once()

    shown = StoredRoom(store, "show:tailrace").state["show"]
    assert (shown["title"], shown["products"]) == ("Night at the dam", ["lamp"])
    assert [(each["name"], each["url"], each["skus"]) for each in shown["lineup"]] == [
        ("Lamp", "/shop/rooms/lamp/", [{"sku": "LAMP", "label": "LAMP"}])
    ]


def test_what_was_not_changed_there_is_not_written_over(save, store, monkeypatch):
    show = make_show()
    rows = listed(show)
    save_model = admin.Shows.save_model

    def save_late(self, request, obj, form, change):
        airing.go_live(obj.slug, now=NOON)
        save_model(self, request, obj, form, change)

    monkeypatch.setattr(admin.Shows, "save_model", save_late)
    save(f"/admin/live/show/{show.pk}/change/", host="Grace", **rows)

    show.refresh_from_db()
    assert (show.status, show.host) == ("live", "Grace")


@pytest.mark.parametrize(("status", "code"), [("scheduled", 200), ("live", 403), ("ended", 403)])
def test_only_a_plan_can_be_deleted(admin_client, store, status, code):
    show = make_show(status=status)

    assert admin_client.get(f"/admin/live/show/{show.pk}/delete/").status_code == code


def test_leads_to_the_host_desk(admin_client, show, store):
    assert "/ops/shows/tailrace/" in admin_client.get("/admin/live/show/").content.decode()
