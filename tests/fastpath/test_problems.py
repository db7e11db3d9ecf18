"""Every refusal has its status, its member for programs and its sentence for people."""

import json
from datetime import UTC, datetime

import pytest

from fastpath_lambda import problems
from fastpath_lambda.rules import Refusal


class TestRefused:
    @pytest.mark.parametrize("refusal", [r for r in Refusal if r is not Refusal.BAD_REQUEST])
    def test_is_a_conflict_that_says_why(self, refusal):
        body = json.loads(problems.refused(refusal).body())

        assert (body["status"], body["refusal"]) == (409, refusal.value)
        assert body["detail"].endswith(".")

    def test_says_when_a_sale_opens(self):
        noon = datetime(2030, 1, 1, 12, tzinfo=UTC)

        body = json.loads(problems.refused(Refusal.NOT_OPEN, opens_at=noon).body())

        assert body["opens_at"] == "2030-01-01T12:00:00+00:00"

    def test_of_an_unknown_sku_is_a_bad_request(self):
        assert problems.refused(Refusal.BAD_REQUEST).status == 400


class TestOthers:
    @pytest.mark.parametrize(
        ("problem", "status", "header"),
        [
            (problems.bad_request({"sku": "Fill in the SKU."}), 400, None),
            (problems.not_found(), 404, None),
            (problems.method_not_allowed("POST"), 405, ("Allow", "POST")),
            (problems.too_large(), 413, None),
            (problems.unsupported_type(), 415, None),
            (problems.key_conflict(), 422, None),
            (problems.too_many(2), 429, ("Retry-After", "2")),
            (problems.unavailable(1), 503, ("Retry-After", "1")),
        ],
    )
    def test_have_status_member_and_headers(self, problem, status, header):
        assert json.loads(problem.body())["status"] == problem.status == status
        assert json.loads(problem.body())["refusal"]
        assert header is None or header in problem.headers.items()
