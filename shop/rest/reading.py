"""The body of a REST request: JSON in UTF-8, and not more of it than such a request needs."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from fastpath_lambda import problems
from shop.rest.problems import Refused

MAX_BODY = 64 * 1024


class JSONBody(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise Refused(problems.too_large())
        try:
            return json.loads(body.decode(), parse_constant=_refuse)
        # Deep nesting is no syntax error, but nothing we ask for is nested deeply either.
        except (ValueError, RecursionError):
            sentence = "The body is not readable as JSON in UTF-8."
            raise Refused(problems.bad_request({"body": sentence})) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
