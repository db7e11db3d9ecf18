"""REST of shows: who may do what, and what each call answers."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authtoken.models import Token

from live.models import KeyMoment, Pin, Show
from tests.live.shows.world import make_show

pytestmark = pytest.mark.django_db

CALLS = [
    ("put", "status/", {"status": "ended"}, 200),
    ("post", "pin/", {"product": "lamp"}, 200),
    ("post", "pin/", {"product": None}, 200),
    ("post", "moments/", {"title": "The first fish"}, 201),
    ("delete", "moments/{moment}/", None, 204),
]


@pytest.fixture
def call(client, store):
    def call(method, path, body=None, *, by=None):
        headers = {"Authorization": f"Token {token(by)}"} if by else {}
        body = {"data": body, "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(f"/api/v1/shows/{path}", headers=headers, **body)

    return call


def token(kind):
    user, _ = User.objects.get_or_create(username=kind, is_staff=kind == "staff")
    return Token.objects.get_or_create(user=user)[0]


class TestPermissions:
    @pytest.mark.parametrize(("method", "path", "body", "status"), CALLS)
    def test_staff_do_it_and_nobody_else_does(self, show, call, method, path, body, status):
        moment = KeyMoment.objects.create(show=show, title="Oops", at=timezone.now())
        path = f"tailrace/{path.format(moment=moment.pk)}"

        answers = [call(method, path, body, by=by).status_code for by in (None, "shopper", "staff")]

        assert answers == [401, 403, status]

    def test_everybody_reads(self, show, call):
        assert call("get", "").json()["results"][0]["slug"] == "tailrace"
        assert call("get", "tailrace/").json()["products"] == ["lamp", "desk"]


class TestAnswers:
    def test_a_show_has_what_was_pinned_and_marked(self, show, call):
        lamp = show.products.get(slug="lamp")
        at = show.went_live_at + timedelta(seconds=5)
        Pin.objects.create(show=show, product=lamp, at=at)
        Pin.objects.create(show=show, product=None, at=at + timedelta(seconds=5))
        KeyMoment.objects.create(show=show, title="The first fish", at=at)
        KeyMoment.objects.create(show=show, title="Oops", at=at, is_removed=True)

        found = call("get", "tailrace/").json()

        assert [pin["product"] for pin in found["pins"]] == ["lamp", None]
        assert [moment["title"] for moment in found["moments"]] == ["The first fish"]
        assert (found["status"], found["url"], found["room"]) == ("live", "/shows/tailrace/", "show:tailrace")

    def test_lists_those_of_one_status(self, show, call):
        make_show("later", skus=())

        found = call("get", "?status=scheduled").json()["results"]

        assert [each["slug"] for each in found] == ["later"]
        assert call("get", "?status=loud").status_code == 400

    def test_what_cannot_be_done_is_a_conflict_with_a_sentence(self, show, call):
        Show.objects.update(status="ended", ended_at=timezone.now())

        refused = call("post", "tailrace/pin/", {"product": "lamp"}, by="staff")

        assert refused.status_code == 409
        assert refused.json()["refusal"] == "cannot_change"
        assert "it only replays" in refused.json()["detail"]

    @pytest.mark.parametrize(("method", "path", "body", "status"), CALLS)
    def test_of_no_show_is_not_found(self, db, call, method, path, body, status):
        assert call(method, f"nothing/{path.format(moment=1)}", body, by="staff").status_code == 404
