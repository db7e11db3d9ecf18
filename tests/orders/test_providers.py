"""What every payment provider must keep: payments.py's promise, asked of the sandbox and of Stripe."""

import time
from dataclasses import replace
from decimal import Decimal

import pytest

from orders.models import Payment
from orders.payments import BadEvent, BadSignature, Outcome, RefundFailed, Step
from orders.stripe_payments import Stripe
from tests.orders.paid_through import ORDER, SECRET, TYPES, make_stripe, refund_event, signed, stripe_event
from tests.orders.stripe_server import shape


def step(token, *, key="authorise", amount="149.99", reference="", attempt=1):
    return Step(f"{ORDER}:{key}", token, Decimal(amount), "USD", reference, attempt)


def authorised(shop):
    answer = shop.provider.authorise(step(shop.good))
    assert answer.outcome is Outcome.APPROVED
    return answer.reference


class TestEveryProvider:
    def test_sets_aside_and_names_it(self, shop):
        assert authorised(shop)

    def test_does_the_same_key_once(self, shop):
        assert shop.provider.authorise(step(shop.good, attempt=2)).reference == authorised(shop)

    def test_declines_with_a_sentence(self, shop):
        answer = shop.provider.authorise(step(shop.declined))

        assert answer.outcome is Outcome.DECLINED
        assert answer.reason.endswith("card was declined.")

    def test_refuses_a_token_that_does_not_exist_in_a_buyers_words(self, shop):
        answer = shop.provider.authorise(step(shop.unknown))

        assert answer.outcome is Outcome.DECLINED
        assert answer.reason.startswith("This payment is not known to the payment provider")
        assert shop.unknown not in answer.reason

    def test_has_no_answer_and_gives_it_when_asked_again(self, shop, request):
        if shop.provider.name == "stripe":
            request.getfixturevalue("server").lose = ["payment_intents"]

        assert shop.provider.authorise(step(shop.no_answer_first)).outcome is Outcome.UNKNOWN
        again = shop.provider.authorise(step(shop.no_answer_first, attempt=2))
        assert (again.outcome, bool(again.reference)) == (Outcome.APPROVED, True)

    @pytest.mark.parametrize("act", ["capture", "void"])
    def test_captures_and_voids_however_often_it_is_asked(self, shop, act):
        asked = step(shop.good, key=act, reference=authorised(shop))

        answers = [getattr(shop.provider, act)(replace(asked, attempt=attempt)) for attempt in (1, 2)]

        assert [answer.outcome for answer in answers] == [Outcome.APPROVED] * 2

    def test_refunds_a_part(self, shop):
        reference = authorised(shop)
        shop.provider.capture(step(shop.good, key="capture", reference=reference))

        answer = shop.provider.refund(step(shop.good, key="refund:1", amount="50", reference=reference))

        assert answer.outcome is Outcome.APPROVED

    @pytest.mark.parametrize("state", list(TYPES))
    def test_tells_of_a_payment(self, shop, state):
        event = shop.provider.parse_event(*shop.event(state))

        assert (str(event.order_id), event.state, event.reference) == (ORDER, state, "ref")

    def test_tells_of_a_refund_that_failed_later(self, shop):
        event = shop.provider.parse_event(*shop.refund_failed("k:again:2"))

        assert isinstance(event, RefundFailed)
        assert (event.key, "failed later" in event.reason) == ("k:again:2", True)

    def test_is_not_believed_unsigned(self, shop):
        body, headers = shop.event(Payment.State.CAPTURED)

        for bad in ("", "x", "t=1,v1=é", "t=,v1=", "t=1", ",,=="):
            with pytest.raises(BadSignature):
                shop.provider.parse_event(body, dict.fromkeys(headers, bad))
        with pytest.raises(BadSignature):
            shop.provider.parse_event(body + b" ", headers)


class TestStripe:
    @pytest.fixture
    def provider(self, server):
        return make_stripe(server).provider

    def test_is_asked_for_what_was_ordered(self, provider, server):
        provider.authorise(step("pm_card_visa"))

        (_, fields, key) = server.calls[0]
        assert (fields["amount"], fields["currency"], fields["payment_method"]) == (
            "14999",
            "usd",
            "pm_card_visa",
        )
        assert (fields["metadata[order_id]"], key) == (ORDER, f"{ORDER}:authorise")

    @pytest.mark.parametrize(("currency", "units"), [("USD", "14999"), ("JPY", "150"), ("KWD", "149990")])
    def test_is_asked_in_the_currencys_smallest_unit(self, provider, server, currency, units):
        provider.authorise(replace(step("pm_card_visa"), currency=currency))

        assert server.calls[0][1]["amount"] == units

    @pytest.mark.parametrize("token", ["pm_card_authenticationRequired", "pm_asks"])
    def test_declines_a_card_whose_bank_wants_to_ask_the_buyer(self, provider, server, token):
        answer = provider.authorise(step(token))

        assert (answer.outcome, "wants to ask its owner" in answer.reason) == (Outcome.DECLINED, True)
        assert all(intent["status"] == "canceled" for intent in server.intents.values())

    def test_waits_for_a_card_that_takes_its_time(self, provider, server):
        assert provider.authorise(step("pm_slow")).outcome is Outcome.UNKNOWN
        assert provider.authorise(step("pm_slow", attempt=2)).outcome is Outcome.UNKNOWN
        server.intents["pi_1"]["status"] = "requires_capture"

        assert provider.authorise(step("pm_slow", attempt=3)).outcome is Outcome.APPROVED

    @pytest.mark.parametrize(
        "failure",
        [
            (500, shape("api_error")), (503, {}), (429, shape("rate_limit")),
            (409, shape("idempotency_error")), (401, shape("invalid_key")), (403, shape("invalid_key")),
        ],
    )  # fmt: skip
    def test_never_declines_a_buyer_for_its_own_failure_or_ours(self, provider, server, failure):
        server.fail = [failure]

        assert provider.authorise(step("pm_card_visa")).outcome is Outcome.UNKNOWN
        assert provider.authorise(step("pm_card_visa", attempt=2)).outcome is Outcome.APPROVED

    def test_away_is_no_answer(self):
        provider = Stripe(api_key="sk_test_1", webhook_secret=SECRET, api_base="http://127.0.0.1:9")

        assert provider.authorise(step("pm_card_visa")).outcome is Outcome.UNKNOWN

    def test_captures_what_it_captured_before_its_answer_was_lost(self, provider, server):
        reference = provider.authorise(step("pm_card_visa")).reference
        server.intents[reference]["status"] = "succeeded"

        assert provider.capture(step("", key="capture", reference=reference)).outcome is Outcome.APPROVED

    def test_cannot_capture_what_is_not_held_any_more(self, provider, server):
        reference = provider.authorise(step("pm_card_visa")).reference
        server.intents[reference]["status"] = "canceled"

        assert provider.capture(step("", key="capture", reference=reference)).outcome is Outcome.DECLINED

    def test_cannot_let_go_of_what_was_captured(self, provider, server):
        reference = provider.authorise(step("pm_card_visa")).reference
        server.intents[reference]["status"] = "succeeded"

        for attempt in (1, 2):
            void = step("", key="void", reference=reference, attempt=attempt)
            assert provider.void(void).outcome is Outcome.TAKEN

    def test_refuses_to_give_back_more_than_was_taken(self, provider):
        reference = provider.authorise(step("pm_card_visa")).reference
        provider.capture(step("", key="capture", reference=reference))

        answer = provider.refund(step("", key="refund:1", amount="150", reference=reference))

        assert (answer.outcome, "greater than" in answer.reason) == (Outcome.DECLINED, True)

    @pytest.mark.parametrize(
        "body",
        [
            stripe_event("charge.updated"),
            refund_event("charge.refund.updated", "k", status="succeeded"),
            refund_event("refund.failed", None),
            stripe_event("payment_intent.succeeded", order_id=None),
            stripe_event("payment_intent.succeeded", order_id="not ours"),
        ],
    )
    def test_tells_much_that_is_no_news_here(self, provider, body):
        assert provider.parse_event(body, signed(body)) is None

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b"{", b'{"data": {"object": 7}, "type": []}', b"[" * 9999]
    )
    def test_signed_nonsense_is_a_bad_event(self, provider, body):
        with pytest.raises(BadEvent):
            provider.parse_event(body, signed(body))

    def test_bytes_that_are_no_text_are_a_bad_event(self, provider):
        with pytest.raises(BadEvent):
            provider.parse_event(b"\xff", {"Stripe-Signature": "t=1,v1=a"})

    def test_is_not_believed_when_it_is_old(self, provider):
        body = stripe_event("payment_intent.succeeded")

        with pytest.raises(BadSignature):
            provider.parse_event(body, signed(body, at=time.time() - 301))
