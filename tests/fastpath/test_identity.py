"""How an order, a buyer and a request are recognised again."""

import hashlib
import hmac
import uuid

from hypothesis import given
from hypothesis import strategies as st

from fastpath_lambda import identity

NAMESPACE = uuid.UUID("6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11")


class TestOrderId:
    @given(key=st.text(st.characters(codec="utf-8")), generation=st.integers(0, 99))
    def test_is_a_uuid_of_version_5(self, key, generation):
        made = identity.order_id(scope="lamp", generation=generation, key=key)

        assert made == str(uuid.uuid5(NAMESPACE, f"lamp\n{generation}\n{key}"))

    def test_is_another_for_each_product_generation_and_key(self):
        names = [("lamp", 1, "k"), ("lamp", 2, "k"), ("lamp", 1, "l"), ("chair", 1, "k")]

        assert len({identity.order_id(scope=s, generation=g, key=k) for s, g, k in names}) == 4


class TestStatusToken:
    def test_is_a_keyed_hash_of_the_order(self):
        expected = hmac.new(b"secret", b"an order", hashlib.sha256).hexdigest()[:32]

        assert identity.status_token("secret", "an order") == expected
        assert identity.is_status_token("secret", "an order", expected)
        assert not identity.is_status_token("secret", "another", expected)


class TestBuyer:
    def test_is_one_person_however_the_address_is_typed(self):
        assert identity.buyer(" Ada@Example.ORG ") == identity.buyer("ada@example.org")
