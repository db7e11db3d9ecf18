"""How the OpenAPI document tells of what every endpoint has in common: its problems."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from fastpath_lambda.problems import CONTENT_TYPE

# Beside those that an endpoint documents as its own.
_ALWAYS = {
    "400": "Something about it is wrong: `errors` says what, by field.",
    "406": "This API answers in JSON.",
    "429": "Too many requests: come back after `Retry-After` seconds.",
    "503": "Something the shop needs is away: come back after `Retry-After` seconds.",
}
_WITH_A_BODY = {"413": "The body is too large.", "415": "Send application/json."}
_FOR_SOMEBODY = {"401": "Say who you are: `Authorization: Token …`.", "403": "This is not for you."}


class ProblemDocument(serializers.Serializer[Any]):
    """RFC 9457. Programs branch on `refusal`; `detail` is a sentence for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    refusal = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(), required=False, help_text="Field → what is wrong with it."
    )


class Schema(AutoSchema):
    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code, sentence in self._problems().items():
            bodies.setdefault(code, {"description": sentence})
        document = self.resolve_serializer(ProblemDocument, direction).ref
        for code, body in bodies.items():
            if code >= "400":
                body["content"] = {CONTENT_TYPE: {"schema": document}}
        return dict(sorted(bodies.items()))

    def _problems(self) -> dict[str, str]:
        found = dict(_ALWAYS)
        if self.get_auth() != [{}]:
            found |= _FOR_SOMEBODY
        if "{" in self.path:
            found["404"] = "There is no such thing here."
        if self.method in ("POST", "PUT", "PATCH"):
            found |= _WITH_A_BODY
        return found
