"""One definition of an order's form, held against everything clients are known to send."""

import json
from urllib.parse import urlencode

import pytest

from fastpath_lambda.forms import FORM, JSON, MAX_BODY, BadForm, parse_order

ADDRESS = {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}
ORDER = {
    "sku": "MUSKIE-7FT",
    "quantity": 1,
    "email": "ada@example.org",
    "name": "Ada",
    "address": ADDRESS,
    "payment_token": "tok_ok",
}
FLAT = {k: v for k, v in ORDER.items() if k != "address"} | ADDRESS


def parse(order=ORDER, *, kind=JSON, key="k-1"):
    return parse_order(json.dumps(order).encode(), kind, key)


def problem(*args, **kwargs):
    with pytest.raises(BadForm) as caught:
        parse(*args, **kwargs)
    return caught.value.problem


def problem_of(body, kind=JSON):
    with pytest.raises(BadForm) as caught:
        parse_order(body, kind, "k-1")
    return caught.value.problem


class TestParseOrder:
    def test_reads_json(self):
        form = parse()

        assert (form.key, form.sku, form.quantity) == ("k-1", "MUSKIE-7FT", 1)
        assert form.address == ORDER["address"]

    def test_reads_a_form_to_the_same_fingerprint(self):
        posted = parse_order(urlencode(FLAT).encode(), f"{FORM}; charset=utf-8", "k-2")

        assert posted.fingerprint == parse().fingerprint

    def test_reads_the_nested_names_of_a_form(self):
        nested = {f"address.{k}": v for k, v in ORDER["address"].items()}
        flat = {k: v for k, v in ORDER.items() if k != "address"}

        posted = parse_order(urlencode(flat | nested | {"Idempotency-Key": "k-3"}).encode(), FORM, None)

        assert posted.address == ORDER["address"]
        assert posted.key == "k-3"

    def test_lets_the_header_win_over_the_field(self):
        assert parse(ORDER | {"idempotency_key": "field"}, key="header").key == "header"
        assert parse(ORDER | {"idempotency_key": "field"}, key=None).key == "field"

    def test_gives_a_static_page_without_scripts_a_key_of_its_own(self):
        first, second = (parse_order(urlencode(FLAT).encode(), FORM, None) for _ in range(2))

        assert first.key != second.key

    def test_wants_a_key_from_programs(self):
        assert set(problem(key=None).errors) == {"idempotency_key"}

    def test_tells_another_body_apart(self):
        assert parse(ORDER | {"quantity": 2}).fingerprint != parse().fingerprint

    def test_takes_a_country_in_small_letters(self):
        assert parse(ORDER | {"address": ORDER["address"] | {"country": "gb"}}).address["country"] == "GB"

    def test_takes_names_of_all_the_world(self):
        assert parse(ORDER | {"name": "Þóra\u00a0Ægisdóttir 李"}).name == "Þóra\u00a0Ægisdóttir 李"


class TestBadQuantity:
    @pytest.mark.parametrize("quantity", [0, -1, 10**9, "two", 1.5, 1.0, True, None, [], {}, "", "१"])
    def test_is_named(self, quantity):
        assert set(problem(ORDER | {"quantity": quantity}).errors) == {"quantity"}


class TestBadFields:
    @pytest.mark.parametrize("name", ["sku", "quantity", "email", "name", "payment_token"])
    def test_a_missing_one_is_named(self, name):
        without = {k: v for k, v in ORDER.items() if k != name}

        assert set(problem(without).errors) == {name}

    @pytest.mark.parametrize("address", [None, "1 Pier Road", [], {}])
    def test_a_missing_address_is_named_part_by_part(self, address):
        found = problem(ORDER | {"address": address})

        assert set(found.errors) == {"line1", "city", "postcode", "country"}

    @pytest.mark.parametrize(
        "email",
        ["ada", "@", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@ex ample.org",
         "ada@@example.org", "ada@.org", "ada@example.", "ada@a..b", "<a>@example.org", "a,b@c.de",
         "ß@example.org", "a@" + "ß" * 200 + ".org", "a" * 250 + "@b.de", 7],
    )  # fmt: skip
    def test_an_email_nobody_could_have_is_refused(self, email):
        assert set(problem(ORDER | {"email": email}).errors) == {"email"}

    @pytest.mark.parametrize("bad", ["a\x00b", "a\nb", "\ud800", "a\x85b", "x" * 121, "   ", 7])
    def test_a_name_that_cannot_be_stored_is_refused(self, bad):
        assert set(problem(ORDER | {"name": bad}).errors) == {"name"}

    def test_all_wrong_ones_are_named_at_once(self):
        assert len(problem({}, key=None).errors) == 10

    def test_the_detail_is_made_of_sentences_for_the_shopper(self):
        assert problem(ORDER | {"name": ""}).detail == "Fill in the name."

    def test_a_field_is_called_what_the_shopper_calls_it(self):
        address = ORDER["address"] | {"line1": ""}

        assert problem(ORDER | {"address": address}).detail == "Fill in the street and number."


class TestBadBody:
    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b'{"a": "\xc3"}', b"[" * 16_000, b'{"a":' * 3000,
         b"1" * 5000, b"\xef\xbb\xbf{}"],
    )  # fmt: skip
    def test_broken_json_is_a_bad_request(self, body):
        assert problem_of(body).status == 400

    @pytest.mark.parametrize("body", [b"\xff", b"name=%ff", b"&".join([b"a=1"] * 60)])
    def test_a_broken_form_is_a_bad_request(self, body):
        assert set(problem_of(body, FORM).errors) == {"body"}

    def test_too_large_a_body_is_not_read(self):
        assert problem_of(b" " * (MAX_BODY + 1)).status == 413

    @pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/xml"])
    def test_another_type_is_unsupported(self, kind):
        assert problem(kind=kind).status == 415
