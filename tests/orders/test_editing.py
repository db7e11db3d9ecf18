"""A dead letter is mended where that leaves every unit with its owner, and never into nonsense."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath_lambda import claims
from orders import dead_letters, drain, editing
from orders.editing import BadEdit
from orders.models import DeadLetter, Order
from shop.models import Sku
from tests.orders.conftest import make_claim, make_sku

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def letter(sale):
    return make_letter(make_claim(sale, "a", quantity=2, email="ada@example.org"))


def make_letter(claim, **fields):
    fields = {"message_id": "m1", "body": claims.to_json(claim), "order_id": claim.order_id} | fields
    return DeadLetter.objects.create(reason="the database said no", **fields)


def edit(letter, **changes):
    editing.edit(letter, changes, by="ops", now=NOW)
    return claims.from_json(letter.body)


class TestEdit:
    def test_mends_whom_it_is_for_and_what_it_costs_and_nothing_else(self, letter):
        before = claims.from_json(letter.body)

        after = edit(letter, email="Ada@new.example.org", city=" Leeds ", country="de", unit_price="12.50")

        assert (after.email, after.unit_price) == ("Ada@new.example.org", "12.50")
        assert after.address == before.address | {"city": "Leeds", "country": "DE"}
        # The ledger counted the units under this name.
        assert (after.buyer, after.fingerprint, after.quantity) == (before.buyer, before.fingerprint, 2)

    def test_keeps_what_came_however_often_it_is_edited(self, letter):
        came = letter.body

        edit(letter, city="Leeds")
        edit(letter, city="York")

        letter.refresh_from_db()
        assert (letter.came_as, letter.changed_by, letter.changed_at) == (came, "ops", NOW)
        assert claims.from_json(letter.body).address["city"] == "York"

    def test_what_is_mended_becomes_the_order_that_it_was(self, sale):
        letter = make_letter(make_claim(sale, "a", name="Ada\0"))
        assert drain.write_claims([claims.from_json(letter.body)]).rejected

        drain.write_claims([edit(letter, name="Ada")])

        assert str(Order.objects.get().id) == str(letter.order_id)

    def test_a_renamed_sku_is_found_under_its_new_name(self, letter, sale):
        Sku.objects.update(code="LAMP-2")

        assert edit(letter, sku="LAMP-2").sku == "LAMP-2"


NONSENSE = [
    ({"quantity": "3"}, "quantity: 2 of LAMP were taken for this buyer"),
    ({"order_id": "x"}, "order_id: By this the order is known"),
    ({"buyer": "eve@example.org"}, "buyer: By this the order is known"),
    ({"colour": "red"}, "colour: There is no such field: choose from email"),
    ({"sku": "ROD"}, "sku: 2 of LAMP were taken for this buyer: an order of ROD"),
    ({"unit_price": "free"}, "unit_price: Write an amount from 0"),
    ({"unit_price": "-1"}, "unit_price: Write an amount from 0"),
    ({"unit_price": "NaN"}, "unit_price: Write an amount from 0"),
    ({"unit_price": "1e99"}, "unit_price: Write an amount from 0"),
    ({"unit_price": "9.999"}, "unit_price: Write an amount from 0"),
    ({"email": "nobody"}, "email: Write an e-mail address"),
    ({"name": ""}, "name: Fill in the name"),
    ({"name": "Ada\0"}, "name: The name has a character"),
    ({"city": "x" * 101}, "city: Write the city in at most 100"),
    ({"country": "England"}, "country: Write the country in at most 2"),
]


class TestNonsense:
    @pytest.mark.parametrize(("changes", "sentence"), NONSENSE)
    def test_is_refused_with_what_is_wrong(self, letter, changes, sentence):
        make_sku("ROD")
        before = letter.body

        with pytest.raises(BadEdit) as refused:
            edit(letter, **changes)

        assert str(refused.value).startswith(sentence)
        assert DeadLetter.objects.get().body == before

    def test_of_two_fields_is_told_of_both(self, letter):
        with pytest.raises(BadEdit) as refused:
            edit(letter, email="nobody", unit_price="free")

        assert set(refused.value.errors) == {"email", "unit_price"}

    @settings(max_examples=60)
    @given(st.sampled_from(editing.EDITABLE), st.text())
    def test_never_gets_into_a_letter(self, name, text):
        letter = DeadLetter(pk=1, body=BODY, state="waiting")

        try:
            mended = editing.mended(letter, {name: text})
        except BadEdit:
            return
        assert claims.from_json(claims.to_json(mended)) == mended
        assert (mended.order_id, mended.quantity, mended.buyer) == ("0", 2, "ada@example.org")


ADDRESS = {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}
BODY = claims.to_json(
    claims.Claim(
        order_id="0", sale_id=1, generation=1, product="lamp", number=1, sku="LAMP", quantity=2,
        unit_price="15.00", currency="USD", buyer="ada@example.org", email="ada@example.org", name="Ada",
        address=ADDRESS, payment_token="tok_ok", fingerprint="f", accepted_ms=0,
    )
)  # fmt: skip


class TestCannot:
    def test_mend_what_is_no_claim(self):
        letter = DeadLetter.objects.create(message_id="m1", body="{broken", reason="not JSON")

        with pytest.raises(dead_letters.CannotChange, match="no claim of ours"):
            edit(letter, city="Hull")

    def test_undo_what_somebody_else_did_meanwhile(self, letter):
        other = DeadLetter.objects.get()
        edit(other, city="Leeds")

        with pytest.raises(dead_letters.CannotChange, match="changed by somebody else meanwhile"):
            edit(letter, name="Eve")

        assert claims.from_json(DeadLetter.objects.get().body).name == "Ada"

    @pytest.mark.parametrize("state", ["replayed", "discarded"])
    def test_mend_what_was_dealt_with(self, sale, state):
        letter = make_letter(make_claim(sale, "a"), state=state)

        with pytest.raises(dead_letters.CannotChange, match=f"it is {state}"):
            edit(letter, city="Hull")
