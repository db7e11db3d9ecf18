"""A product's order URI in the OpenAPI document: the one address that both paths answer.

It is no endpoint of REST framework's, and during a sale not even Django's, so what it
takes and gives is written down here. What is sent is the component OrderOfOneSku.
"""

from typing import Any

from fastpath_lambda.problems import CONTENT_TYPE
from orders.models import Order

Schema = dict[str, Any]
URI = "/shop/{category}/{product}/order"
SLUG = {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}
TEXT = {"type": "string"}

ANSWER: Schema = {
    "type": "object",
    "description": "The same from both paths.",
    "properties": {
        "order_id": {"type": "string", "format": "uuid"},
        "status": {"type": "string", "enum": ["accepted", *Order.Status.values]},
        "status_url": TEXT,
        "sku": TEXT,
        "quantity": {"type": "integer"},
        "unit_price": {"type": "string", "format": "decimal"},
        "currency": TEXT,
    },
}
ANSWER["required"] = list(ANSWER["properties"])

PROBLEMS = {
    "400": "`errors` says what is wrong, by field.",
    "409": "Sold out, over the limit, not open yet, paused or closed: `refusal`.",
    "413": "The body is too large.",
    "415": "Send application/json or application/x-www-form-urlencoded.",
    "422": "This key was used for another order.",
    "429": "Too many requests: come back after `Retry-After` seconds.",
    "503": "Send it again, with the same key, after `Retry-After` seconds.",
}


def add(result: Schema, **_: Any) -> Schema:
    """A post-processing hook of drf-spectacular's."""
    result["components"]["schemas"]["OrderAnswer"] = ANSWER
    result["paths"][URI] = {"post": _post()}
    result["paths"][f"{URI}/{{order_id}}"] = {"get": _get()}
    return result


def _post() -> Schema:
    key = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    body = {"schema": _ref("OrderOfOneSku")}
    return {
        "operationId": "product_order",
        "summary": "Buy one product now, on whichever path sells it",
        "description": "A form with the same fields is taken too; it may come without a key.",
        "tags": ["orders"],
        "security": [{}],
        "parameters": [
            *_names(),
            {"name": "Idempotency-Key", "in": "header", "required": True, "schema": key},
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "201": _json("Placed by the shop.", "OrderAnswer"),
            "202": _json("Accepted by the fast path.", "OrderAnswer"),
            "404": _not_found(),
            **{code: _problem(sentence) for code, sentence in PROBLEMS.items()},
        },
    }


def _get() -> Schema:
    order_id = {"type": "string", "format": "uuid"}
    token = {
        "name": "token",
        "in": "query",
        "schema": TEXT,
        "description": "Without it, all but the link to the order's page is told.",
    }
    return {
        "operationId": "product_order_status",
        "summary": "What became of an order, from the ledger or the shop",
        "tags": ["orders"],
        "security": [{}],
        "parameters": [
            *_names(),
            {"name": "order_id", "in": "path", "required": True, "schema": order_id},
            token,
        ],
        "responses": {
            "200": _json("Where it stands.", "OrderAnswer"),
            "404": _not_found(),
            "503": _problem("Ask again after `Retry-After` seconds."),
        },
    }


def _names() -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": SLUG} for name in ("category", "product")
    ]


def _not_found() -> Schema:
    # An address that is no product's gets the shop's page.
    found = _problem("There is no such product, or no such order with this token.")
    found["content"]["text/html"] = {"schema": TEXT}
    return found


def _problem(description: str) -> Schema:
    return {"description": description, "content": {CONTENT_TYPE: {"schema": _ref("ProblemDocument")}}}


def _json(description: str, component: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _ref(component)}}}


def _ref(component: str) -> Schema:
    return {"$ref": f"#/components/schemas/{component}"}
