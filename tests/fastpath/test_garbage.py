"""Whatever is sent, there is an answer, it is no 500, and nothing is taken."""

import json
import string
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath_lambda import accounts, claims, fields, forms, handler, routes
from fastpath_lambda.claims import BadClaim
from fastpath_lambda.forms import BadForm, OrderForm
from fastpath_lambda.sqs import Queue
from tests.fastpath.doors import ORDER, AsgiDoor, LambdaDoor, event, flat, order
from tests.fastpath.world import ask, loaded, make_sale

TYPES = st.sampled_from(
    [forms.JSON, forms.FORM, f"{forms.JSON}; charset=latin-1", "text/plain", "", ";", "\udcff"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([*order(), *flat(), "idempotency_key", "address.city", "Idempotency-Key"])
# An order with some of its fields replaced: gets further than noise does.
ALMOST = st.dictionaries(NAMES, VALUES, max_size=3).map(lambda changes: order() | changes)
BODIES = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass"))
    | ALMOST.map(lambda members: json.dumps(members).encode())
    | ALMOST.map(lambda members: urlencode(members, errors="replace").encode())
)
KEYS = st.none() | st.text(max_size=20)
# What a server lets through: bytes, read one by one.
HEADERS = st.text(alphabet=st.characters(max_codepoint=255), max_size=30)
PATHS = st.sampled_from([ORDER, f"{ORDER}/", "/shop/lights/lamp/order/x"]) | st.text(max_size=40)
# Any text, lone surrogates too: an event is JSON.
TEXT = st.text(st.characters(), max_size=30)
# What stands in a cookie: noise, our own cookie with noise in it, and one that is almost right.
TOKENS = TEXT | st.from_regex(r"[0-9]{0,30}\.[0-9]{0,30}\.[0-9a-f]{0,70}", fullmatch=True)
COOKIES = TEXT | TOKENS.map(f"{accounts.COOKIE}={{}}".format)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "rawPath": TEXT
        | st.just("/shop/rods/muskie-casting-rod/order/").flatmap(lambda path: TEXT.map(path.__add__)),
        "rawQueryString": TEXT | TEXT.map("token={}".format),
        "headers": st.none()
        | st.dictionaries(st.sampled_from(["Content-Type", "accept", "IDEMPOTENCY-KEY"]), TEXT),
        "body": st.none() | TEXT,
        "isBase64Encoded": st.booleans(),
        "cookies": VALUES | st.lists(COOKIES),
    },
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "BREW", ""])


class TestParsers:
    @given(body=BODIES, kind=TYPES, key=KEYS)
    def test_read_an_order_or_say_what_is_wrong(self, body, kind, key):
        try:
            form = forms.parse_order(body, kind, key)
        except BadForm as error:
            assert error.problem.status in (400, 413, 415)
            error.problem.body()
            return
        assert isinstance(form, OrderForm)
        # What was accepted can be hashed, encoded, stored and sent.
        assert form.fingerprint and form.key and form.quantity > 0
        assert json.dumps([form.name, form.email, *form.address.values()]).isascii()

    @given(body=st.binary(max_size=300))
    def test_read_fields_or_refuse(self, body):
        for reader in (fields.from_json, fields.from_form):
            try:
                assert isinstance(reader(body), dict)
            except fields.Unreadable as error:
                assert str(error).endswith(".")

    @given(path=PATHS | st.text(alphabet=string.ascii_lowercase + "/-{}", max_size=40), query=st.text())
    def test_find_a_route_or_none(self, path, query):
        route = routes.find_route(path)

        assert route is None or path.startswith(route.page)
        routes.find_token(query)

    @given(text=st.binary(max_size=100) | VALUES.map(lambda value: json.dumps(value).encode()))
    def test_take_no_noise_for_a_claim(self, text):
        with pytest.raises(BadClaim):
            claims.from_json(text)


@pytest.fixture(scope="module", params=[LambdaDoor, AsgiDoor])
def any_door(request):
    Queue.from_environment().ensure()
    door = request.param()
    yield door
    door.close()


class TestDoors:
    @settings(max_examples=150)
    @given(
        method=METHODS,
        path=PATHS,
        query=HEADERS.filter(str.isascii),
        body=BODIES,
        key=HEADERS,
        accept=HEADERS,
    )
    def test_always_answer(self, any_door, redis_ledger, method, path, query, body, key, accept):
        self.empty(redis_ledger)
        headers = {"Content-Type": forms.JSON, "Idempotency-Key": key, "Accept": accept}

        reply = any_door.ask(method, path, headers=headers, body=body, query=query)

        assert reply.status < 500
        # The one unit went to one who asked properly, or to nobody.
        left = redis_ledger.count("lamp", 1).left["LAMP"]
        assert left == (0 if reply.status == 202 else 1)

    @settings(max_examples=100)
    @given(name=st.sampled_from(["order_json", "order_form", "status_page"]), changes=EVENTS)
    def test_answer_every_event(self, redis_ledger, name, changes):
        sale = make_sale(product="muskie-casting-rod", category="rods", prices={"MUSKIE-7FT": "1"})
        redis_ledger.load(sale, units={"MUSKIE-7FT": 9}, versions={})

        reply = handler.handler(event(name) | changes, None)

        assert reply["statusCode"] < 500
        json.dumps(reply)

    @staticmethod
    def empty(ledger):
        if ledger.get_sale("lamp") is None:
            loaded(ledger, units=1)
        if ledger.count("lamp", 1).left["LAMP"] == 0:
            ledger._client.flushall()
            loaded(ledger, units=1)


def test_the_garbage_is_not_all_noise(redis_ledger):
    """The control: an order as it should be does get through the same parsers."""
    assert forms.parse_order(json.dumps(order()).encode(), forms.JSON, "k").quantity == ask().quantity
