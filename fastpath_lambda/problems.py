"""What a request that got nothing is answered, on both paths: problem+json (RFC 9457), said once, here.

Every problem has a `refusal` member that programs branch on, and a `detail` that is
a sentence for the shopper: no identifiers, no blame, and what to do next.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastpath_lambda.rules import Refusal

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    title: str
    detail: str
    refusal: str | None = None
    errors: Mapping[str, str] | None = None  # field → what is wrong with it
    headers: Mapping[str, str] = field(default_factory=dict)  # beside Content-Type
    extra: Mapping[str, object] = field(default_factory=dict)  # further members

    def members(self) -> dict[str, object]:
        members: dict[str, object] = {
            "type": f"urn:spillway:problem:{self.refusal}" if self.refusal else "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.refusal:
            members["refusal"] = self.refusal
        if self.errors:
            members["errors"] = dict(self.errors)
        members.update(self.extra)
        return members

    def body(self) -> bytes:
        return json.dumps(self.members()).encode()


_REFUSED: Mapping[Refusal, tuple[str, str]] = {
    Refusal.SOLD_OUT: ("Sold out", "The last one was just sold. Should one come back, this page shows it."),
    Refusal.NOT_OPEN: ("Not open yet", "The sale has not begun yet. Come back when it opens."),
    Refusal.CLOSED: ("Closed", "The sale is over. Thank you for your interest."),
    Refusal.PAUSED: ("Paused", "The sale is paused for a moment. Please try again shortly."),
    Refusal.OVER_LIMIT: ("Over the limit", "That is more than one buyer can have in this sale."),
}


def refused(refusal: Refusal, *, opens_at: datetime | None = None, detail: str | None = None) -> Problem:
    """The sale's own refusals: 409, with `opens_at` where it is known."""
    if refusal is Refusal.BAD_REQUEST:
        return bad_request({"sku": "This is not for sale here. Choose one that is on the page."})
    title, sentence = _REFUSED[refusal]
    extra: dict[str, object] = {}
    if refusal is Refusal.NOT_OPEN:
        extra["opens_at"] = opens_at.astimezone(UTC).isoformat() if opens_at else None
    return Problem(409, title, detail or sentence, refusal=refusal.value, extra=extra)


def bad_request(errors: Mapping[str, str]) -> Problem:
    return Problem(
        400,
        "Please check the order",
        " ".join(errors.values()),
        refusal=Refusal.BAD_REQUEST.value,
        errors=errors,
    )


def key_conflict() -> Problem:
    return Problem(
        422,
        "Already used for another order",
        "This order was sent before with other content. Load the page again to place a new one.",
        refusal="key_conflict",
    )


def too_large() -> Problem:
    return Problem(413, "Too large", "That is more text than an order needs.", refusal="too_large")


def unsupported_type() -> Problem:
    return Problem(
        415,
        "Unsupported content type",
        "Send the order as application/json or application/x-www-form-urlencoded.",
        refusal="unsupported_type",
        headers={"Accept-Post": "application/json, application/x-www-form-urlencoded"},
    )


def method_not_allowed(allow: str) -> Problem:
    return Problem(
        405,
        "Method not allowed",
        f"This address answers {allow} only.",
        refusal="method_not_allowed",
        headers={"Allow": allow},
    )


def not_found() -> Problem:
    return Problem(404, "Not found", "There is nothing here. Check the address.", refusal="not_found")


def unavailable(retry_after: int) -> Problem:
    """Of an order, which may have been placed all the same."""
    detail = "We could not take your order just now. Send it again in a moment: you will not buy twice."
    return _unavailable(detail, retry_after)


def away(retry_after: int) -> Problem:
    """Of anything else."""
    return _unavailable("The shop cannot answer just now. Ask again in a moment.", retry_after)


def _unavailable(detail: str, retry_after: int) -> Problem:
    return Problem(
        503,
        "Unavailable for a moment",
        detail,
        refusal="unavailable",
        headers={"Retry-After": str(retry_after)},
    )


def too_many(retry_after: int) -> Problem:
    return Problem(
        429,
        "Too many requests",
        "You are faster than we are. Please try again in a moment.",
        refusal="too_many",
        headers={"Retry-After": str(retry_after)},
    )
