"""The socket's contract, written for others from the message types: JSON Schema, AsyncAPI 3, TypeScript.

    python -m live.contract

writes the three files anew; a test holds them to the types.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from live import codes, messages

ROOT = Path(__file__).parent.parent
SCHEMA, ASYNCAPI, TYPES = (
    ROOT / "docs" / "live.schema.json",
    ROOT / "docs" / "asyncapi.json",
    ROOT / "static" / "js" / "live.d.ts",
)
Schema = Mapping[str, Any]

SAID = {"FromClient": messages.FromClient, "FromServer": messages.FromServer}
VALUES = {
    kind.__name__: kind
    for kind in (
        messages.ProductValue,
        messages.OrderValue,
        messages.ShowValue,
        messages.PinValue,
        messages.MomentValue,
        messages.OpsValue,
    )
}

HEAD = "// What goes over the socket /live/, and what live.js gives others. Written by live/contract.py.\n"
FUNCTIONS = f"""
/** A whole value of a room. */
export type Value = {" | ".join(VALUES)};

/**
 * By name: the SKU in a product's room, `order` in an order's; in a show's `show`, `pin:<id>`,
 * `moment:<id>` and the SKUs of its products. Whole values, newer than the last ones.
 */
export type News = Record<string, Value>;

/** Start from these, which the page was rendered with, before following their rooms. */
export function seed(snapshots: {{ room: string; position: Position | null; state: News }}[]): void;

/**
 * Follow a room: called back at once with what is known, and at each change with the news and the whole
 * state. Where `viewers` is given, this page is counted among them while somebody looks at it. Rooms are
 * `product:<slug>`, `show:<slug>` and `order:<id>`; an order's wants the token of its status link.
 * Returns how to stop.
 */
export function follow(
  room: string,
  token: string | undefined,
  callback: (news: News, state: News) => void,
  viewers?: (count: number) => void,
): () => void;

export function isBuyable(status: string): boolean;

/** Decimal text as the page's language writes it. */
export function money(amount: string, currency: string): string;
"""


def write() -> None:
    for file, text in files().items():
        file.write_text(text)


def files() -> dict[Path, str]:
    return {SCHEMA: _json(json_schema()), ASYNCAPI: _json(asyncapi()), TYPES: typescript()}


def json_schema() -> dict[str, Any]:
    definitions = _definitions("#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What goes over the socket /live/",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in SAID],
        "$defs": definitions,
    }


def asyncapi() -> dict[str, Any]:
    schemas = _definitions("#/components/schemas/{name}")
    heard, told = (_names(kind) for kind in SAID.values())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Spillway live",
            "version": "1",
            "description": "Stock, prices and orders as they change. See docs/live.md.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/live/",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in heard + told},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {"hear": _operation("receive", heard), "tell": _operation("send", told)},
        "components": {
            "messages": {
                name: {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}}
                for name in heard + told
            },
            "schemas": schemas,
        },
        "x-close-codes": [
            {"code": close.code, "name": close.name, "resumable": close.is_resumable, "means": close.means}
            for close in codes.TABLE
        ],
        "x-error-codes": messages.ERROR_CODES,
    }


def typescript() -> str:
    definitions = _definitions("{name}")
    return HEAD + "".join(_declaration(name, schema) for name, schema in definitions.items()) + FUNCTIONS


def _definitions(reference: str) -> dict[str, Any]:
    kinds = SAID | VALUES
    schemas, found = msgspec.json.schema_components(list(kinds.values()), ref_template=reference)
    definitions: dict[str, Any] = dict(found)
    for name, schema in zip(kinds, schemas, strict=True):
        definitions.setdefault(name, schema)
    values = {"anyOf": [{"$ref": reference.format(name=name)} for name in VALUES]}
    # Values travel as they were written (`Raw`), so the types of the messages do not name them.
    definitions["Snapshot"]["properties"]["state"]["additionalProperties"] = values
    definitions["Update"]["properties"]["changes"]["additionalProperties"] = values
    for schema in definitions.values():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
    return definitions


def _names(union: Any) -> list[str]:
    return [kind.__name__ for kind in union.__args__]


def _operation(action: str, names: list[str]) -> dict[str, Any]:
    channel = "#/channels/live"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in names],
    }


def _declaration(name: str, schema: Schema) -> str:
    said = f"/** {schema['description']} */\n" if "description" in schema else ""
    if "properties" not in schema:
        return f"\n{said}export type {name} = {_type(schema)};\n"
    required = schema.get("required", ())
    members = [
        f"  {member}{'' if member in required else '?'}: {_type(kind)};\n"
        for member, kind in schema["properties"].items()
    ]
    return f"\n{said}export interface {name} {{\n{''.join(members)}}}\n"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if schema["type"] == "array":
        return f"{_type(schema['items'])}[]"
    if schema["type"] == "object":
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    return {"integer": "number"}.get(schema["type"], str(schema["type"]))


def _json(document: Schema) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write()
