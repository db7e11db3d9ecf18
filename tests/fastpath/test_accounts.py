"""The cookie that says who is logged in: read by each door by itself, and never a reason to refuse."""

import json
import time
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath_lambda import accounts, environment
from tests.fastpath.doors import ORDER, flat, post
from tests.fastpath.world import loaded

SECRET = environment.account_token_secret()
NOON = 1_700_000_000


def cookie(account=17, *, lasts=60, secret=SECRET):
    token = accounts.sign(account, expires=int(time.time()) + lasts, secret=secret)
    return f"basket_count=1; {accounts.COOKIE}={token}; theme=dark"


def find(token, *, now=NOON, secret="secret"):
    return accounts.find(f"{accounts.COOKIE}={token}", secret=secret, now=now)


class TestFind:
    def test_gives_the_account_that_was_signed(self):
        assert find(accounts.sign(17, expires=NOON + 1, secret="secret")) == 17

    def test_gives_nobody_from_the_second_it_expires(self):
        assert find(accounts.sign(17, expires=NOON, secret="secret")) is None

    def test_gives_nobody_signed_by_somebody_else(self):
        assert find(accounts.sign(17, expires=NOON + 1, secret="guessed")) is None

    @pytest.mark.parametrize("said", ["18.{}", "17.{}0"])
    def test_gives_nobody_where_a_word_was_changed(self, said):
        signature = accounts.sign(17, expires=NOON + 1, secret="secret").rpartition(".")[2]

        assert find(f"{said.format(NOON + 1)}.{signature}") is None

    def test_gives_the_one_that_is_ours_of_several(self):
        ours = accounts.sign(17, expires=NOON + 1, secret="secret")

        assert find(f"noise; x{accounts.COOKIE}=1; {accounts.COOKIE}={ours}") == 17

    @given(noise=st.text() | st.from_regex(r"[0-9]{0,9}\.[0-9]{0,9}\.[0-9a-fé]{64}", fullmatch=True))
    def test_takes_no_noise_for_a_token(self, noise):
        assert find(noise) is None
        assert accounts.find(noise, secret="secret", now=NOON) is None


class TestDoors:
    def test_count_the_account_whatever_the_e_mail(self, door, redis_ledger):
        loaded(redis_ledger)
        assert post(door, quantity=2, cookies=cookie()).status == 202

        reply = post(door, key="k-2", email="bob@example.org", cookies=cookie())

        assert (reply.status, reply.json()["refusal"]) == (409, "over_limit")

    def test_write_the_account_into_the_claim(self, door, redis_ledger):
        loaded(redis_ledger)

        post(door, cookies=cookie())

        assert redis_ledger.count("lamp", 1).pending[0].account == 17

    def test_know_it_from_a_plain_form_too(self, door, redis_ledger):
        loaded(redis_ledger)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie()}

        door.ask("POST", ORDER, headers=headers, body=urlencode(flat()).encode())

        assert redis_ledger.count("lamp", 1).pending[0].account == 17

    @pytest.mark.parametrize(
        "cookies",
        [
            cookie(lasts=-1),
            cookie(secret="guessed"),
            f"{accounts.COOKIE}=",
            f"{accounts.COOKIE}=17.{NOON}",
            f"{accounts.COOKIE}={'9' * 3000}.1.a",
            f"{accounts.COOKIE}=\xff.\xff.\xff",
            ";;==;",
        ],
    )
    def test_serve_whoever_carries_a_bad_one_as_a_guest(self, door, redis_ledger, cookies):
        loaded(redis_ledger)

        assert post(door, cookies=cookies).status == 202
        assert redis_ledger.count("lamp", 1).pending[0].account is None

    @settings(max_examples=30)
    @given(noise=st.text(alphabet=st.characters(max_codepoint=255), max_size=120))
    def test_never_fail_for_what_is_in_it(self, door, redis_ledger, noise):
        if redis_ledger.get_sale("lamp") is None:
            loaded(redis_ledger, units=99, limit_per_buyer=99)

        reply = post(door, key=json.dumps(noise)[:99], cookies=f"{accounts.COOKIE}={noise}")

        assert reply.status == 202
