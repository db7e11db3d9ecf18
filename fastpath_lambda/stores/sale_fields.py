"""A sale as the fields of its hash: some for the scripts to decide by, and one with all of it for readers."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastpath_lambda.rules import Sale, State


def encode(sale: Sale) -> dict[str, str]:
    return {
        "state": sale.state.value,
        "generation": str(sale.generation),
        "revision": str(sale.revision),
        "limit": str(sale.limit_per_buyer),
        "opens_ms": _milliseconds(sale.opens_at),
        "closes_ms": _milliseconds(sale.closes_at),
        "settings": _settings(sale),
        **{f"label:{sku}": _label(sku, price, sale.currency) for sku, price in sale.prices.items()},
    }


def decode(settings: str, state: State) -> Sale:
    """The state stands apart: it is the one thing that changes."""
    fields: dict[str, Any] = json.loads(settings)
    moments = {name: _moment(fields[name]) for name in ("opens_at", "closes_at")}
    return Sale(**{**fields, **moments, "state": state, "earlier": tuple(fields.get("earlier", ()))})


def _label(sku: str, price: str, currency: str) -> str:
    """The members of a room's value that no take changes, as JSON: a take only has to join text."""
    return json.dumps({"sku": sku, "price": price, "currency": currency}, separators=(",", ":"))[1:-1]


def _settings(sale: Sale) -> str:
    moments = {"opens_at": sale.opens_at, "closes_at": sale.closes_at}
    texts = {name: moment and moment.isoformat() for name, moment in moments.items()}
    return json.dumps({**asdict(sale), **texts})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _milliseconds(moment: datetime | None) -> str:
    # Rounded up, so that nobody is let in before the moment itself.
    return str(-int(-moment.timestamp() * 1000 // 1)) if moment else ""
