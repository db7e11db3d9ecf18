"""manage.py fastpath and its REST door: the same acts, and clear words when one cannot be done."""

import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, ManagementUtility, call_command
from django.utils import timezone

from edge import lifecycle
from edge.models import SaleChange
from shop.models import Sale

pytestmark = pytest.mark.django_db


def fastpath(*words):
    out = io.StringIO()
    call_command("fastpath", *words, stdout=out, stderr=out)
    return out.getvalue()


class TestFastpath:
    def test_takes_a_sale_from_armed_to_closed(self, make_plan):
        make_plan(units=3)

        states = []
        for action in ("arm", "open", "pause", "resume", "close"):
            fastpath(action, "lamp")
            states.append(Sale.objects.get().state)

        assert states == ["armed", "open", "paused", "open", "closed"]

    def test_prints_the_status_as_json(self, make_plan):
        make_plan(units=3)
        fastpath("arm", "lamp", "--closes-at", "2099-03-09T20:00Z")

        status = json.loads(fastpath("status", "lamp", "--json"))

        assert {name: status[name] for name in ("product", "state", "sale", "units", "left")} == {
            "product": "lamp",
            "state": "armed",
            "sale": "lamp/1",
            "units": 3,
            "left": 3,
        }
        assert (status["opens_at"], status["closes_at"]) == (None, "2099-03-09T20:00:00Z")
        assert status["changed_by"] == SaleChange.objects.get().by
        assert datetime.fromisoformat(status["changed_at"])
        assert len(status) == 9

    def test_calls_a_product_that_nobody_planned_a_sale_of_a_draft(self, make_product):
        make_product()

        status = json.loads(fastpath("status", "lamp", "--json"))

        assert (status["state"], status["sale"], status["units"], status["left"]) == ("draft", None, 0, None)

    def test_prints_the_status_for_people(self, make_plan):
        make_plan(units=3)

        said = fastpath("status", "lamp")

        assert "state       draft" in said
        assert "left        –" in said

    def test_counts_what_is_left_while_it_is_sold_and_nothing_afterwards(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()
        open_left = json.loads(fastpath("status", "lamp", "--json"))["left"]

        fastpath("close", "lamp")

        assert open_left == 2
        assert json.loads(fastpath("status", "lamp", "--json"))["left"] == 0

    def test_arms_with_the_terms_that_are_said(self, make_product):
        make_product()

        fastpath(
            "arm", "lamp", "--units", "4", "--limit", "1", "--price", "7.50", "--opens-at", "2099-03-09T20:00"
        )

        sale = Sale.objects.get()
        assert (sale.units, sale.limit_per_buyer, sale.price) == (4, 1, Decimal("7.50"))
        assert sale.opens_at == datetime(2099, 3, 9, 20, tzinfo=UTC)

    def test_does_not_wait_when_told_so(self, open_sale, take):
        open_sale()
        take()

        fastpath("close", "lamp", "--no-wait")

        assert Sale.objects.get().state == "closing"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("open", "lamp"), "it is draft. Arm it first"),
            (("arm", "lamp", "--units", "11"), "11 units asked for, 10 are in stock"),
            (("arm", "lamp", "--units", "0"), "'0' is not a number of units"),
            (("arm", "lamp", "--units", "two"), "'two' is not a number of units"),
            (("arm", "lamp", "--units", "99999999999"), "99999999999 is more than can be counted"),
            (("arm", "lamp", "--limit", "99999999999"), "99999999999 is more than can be counted"),
            (("restock", "lamp", "--units", "2147483647"), "say from 1 to 1000000"),
            (("arm", "lamp", "--price", "-1"), "'-1' is not a price"),
            (("arm", "lamp", "--price", "1e400"), "'1e400' is not a price"),
            (("arm", "lamp", "--price", "100000000"), "'100000000' is not a price"),
            (("arm", "lamp", "--price", "1.999"), "'1.999' is not a price"),
            (("arm", "lamp", "--opens-at", "tonight"), "'tonight' is not a time"),
            (("arm", "lamp", "--opens-at", "2099-13-01T00:00"), "is not a time"),
            # In UTC that is the year 10000: PostgreSQL keeps it, and no page can be read any more.
            (("arm", "lamp", "--opens-at", "9999-12-31T23:59-14:00"), "is not a time"),
            (("pause", "lamp", "--units", "2"), "--units can be set when arming only"),
            (("open", "lamp", "--no-wait"), "--no-wait is for close"),
            (("open", "lmap"), "Did you mean lamp"),
        ],
    )
    def test_says_what_is_wrong_and_changes_nothing(self, make_plan, words, sentence):
        make_plan()

        with pytest.raises(CommandError) as said:
            fastpath(*words)

        assert sentence in str(said.value)
        assert Sale.objects.get().state == "draft"

    def test_says_it_in_a_line_to_who_types_it(self, capsys):
        typed = ManagementUtility(["manage.py", "fastpath", "arm", "lamp", "--units", "0"])

        with pytest.raises(SystemExit) as ended:
            typed.execute()

        assert ended.value.code == 2
        assert capsys.readouterr().err.endswith(
            "error: argument --units: '0' is not a number of units: write 1 or more.\n"
        )


@pytest.fixture
def rest(client):
    """`rest("arm", units=3)`: what staff is answered over REST for the lamp."""
    client.force_login(User.objects.create_user("ada", is_staff=True))

    def ask(action=None, *, slug="lamp", **terms):
        url = f"/api/v1/fastpath/{slug}/"
        if action is None:
            return client.get(url)
        return client.post(f"{url}{action}/", terms, content_type="application/json")

    ask.client = client
    return ask


class TestRest:
    def test_takes_a_sale_from_armed_to_closed(self, make_plan, rest):
        make_plan()

        states = [rest(action).json()["state"] for action in ("arm", "open", "pause", "resume", "close")]

        assert states == ["armed", "open", "paused", "open", "closed"]
        assert set(SaleChange.objects.values_list("by", flat=True)) == {"ada"}

    def test_shows_how_the_sale_stands(self, make_plan, rest):
        make_plan(units=3)

        answer = rest()

        assert (answer.status_code, answer.json()["state"], answer.json()["units"]) == (200, "draft", 3)

    def test_arms_with_the_terms_that_are_said(self, make_product, rest):
        make_product()
        soon = timezone.now() + timedelta(hours=1)

        answer = rest("arm", units=2, limit=1, price="5.00", opens_at=soon.isoformat())

        sale = Sale.objects.get()
        assert answer.status_code == 200
        assert (sale.units, sale.limit_per_buyer, sale.price, sale.opens_at) == (2, 1, Decimal("5.00"), soon)

    @pytest.mark.parametrize(
        ("terms", "field"),
        [
            ({"units": 0}, "units"),
            ({"units": "two"}, "units"),
            ({"price": "-1"}, "price"),
            ({"opens_at": "tonight"}, "opens_at"),
            ({"units_": 2}, "units_"),
        ],
    )
    def test_says_which_field_is_wrong(self, make_plan, rest, terms, field):
        make_plan()

        answer = rest("arm", **terms)

        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert list(answer.json()["errors"]) == [field]

    @pytest.mark.parametrize("body", ["{", "[1]", '"arm"', "\xff"])
    def test_answers_a_broken_body_with_400(self, make_plan, rest, body):
        make_plan()

        answer = rest.client.post(
            "/api/v1/fastpath/lamp/arm/", body.encode("latin-1"), content_type="application/json"
        )

        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert Sale.objects.get().state == "draft"

    def test_answers_a_move_that_cannot_be_made_with_409(self, make_plan, rest):
        make_plan()

        answer = rest("pause")

        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert "it is draft. Arm it first" in answer.json()["detail"]

    def test_knows_no_other_products(self, make_plan, rest):
        make_plan()

        answer = rest("open", slug="lmap")

        assert answer.status_code == 404
        assert "Did you mean lamp" in answer.json()["detail"]

    def test_is_for_staff(self, make_plan, client):
        make_plan()
        client.force_login(User.objects.create_user("eve"))

        answer = client.post("/api/v1/fastpath/lamp/arm/", content_type="application/json")

        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert Sale.objects.get().state == "draft"

    def test_refuses_other_methods(self, make_plan, rest):
        assert rest.client.delete("/api/v1/fastpath/lamp/arm/").status_code == 405


def test_close_over_rest_does_not_wait(open_sale, take, rest):
    open_sale()
    take()

    assert rest("close").json()["state"] == "closing"
    assert lifecycle.close("lamp", by="ada", wait=False).state == "closing"
