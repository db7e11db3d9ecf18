"""A show as its room holds it: under `show`, `pin:<id>` and `moment:<id>`, each with its version.

Telling of a change is an event of the outbox, written in the transaction that changed it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from live.messages import MomentValue, PinValue, ShowPart, ShowValue
from live.models import KeyMoment, Pin, Show
from live.publish import ShowChange
from live.shows import lineup
from shop import events
from shop.models import OutboxEvent

_KINDS: Mapping[str, type[ShowPart]] = {"show": ShowValue, "pin": PinValue, "moment": MomentValue}


def whole(slug: str) -> dict[str, ShowPart]:
    """All that the room holds of the show itself; empty where there is no such show."""
    show = Show.objects.filter(slug=slug).first()
    if show is None:
        return {}
    found: dict[str, ShowPart] = {"show": of_show(show)}
    found |= {name_of(pin): of_pin(pin) for pin in show.pins.select_related("product")}
    return found | {name_of(moment): of_moment(moment) for moment in show.moments.all()}


def of_show(show: Show) -> ShowValue:
    listed = show.listed.order_by("position", "id")
    return ShowValue(
        status=show.status,
        title=show.title,
        host=show.host,
        starts_at=written(show.starts_at),
        went_live_at=_written(show.went_live_at),
        ended_at=_written(show.ended_at),
        hls_url=show.hls_url,
        products=list(listed.values_list("product__slug", flat=True)),
        version=show.version,
        lineup=lineup.told(show),
    )


def of_pin(pin: Pin) -> PinValue:
    return PinValue(at=written(pin.at), product=pin.product.slug if pin.product else None, version=1)


def of_moment(moment: KeyMoment) -> MomentValue:
    if moment.is_removed:
        return MomentValue(version=moment.version, removed=True)
    return MomentValue(version=moment.version, at=written(moment.at), title=moment.title)


def name_of(thing: Pin | KeyMoment) -> str:
    return f"{'pin' if isinstance(thing, Pin) else 'moment'}:{thing.pk}"


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(at: datetime | None) -> str | None:
    return None if at is None else written(at)


def tell_show(show: Show) -> None:
    _tell(show, "show", of_show(show))


def tell_pin(pin: Pin) -> None:
    _tell(pin.show, name_of(pin), of_pin(pin))


def tell_moment(moment: KeyMoment) -> None:
    _tell(moment.show, name_of(moment), of_moment(moment))


def read_change(payload: Mapping[str, Any]) -> ShowChange:
    """What an event says. Raises msgspec.ValidationError, KeyError or TypeError."""
    name = str(payload["name"])
    value = msgspec.convert(payload["value"], _KINDS[name.partition(":")[0]])
    return ShowChange(str(payload["show"]), name, value)


def _tell(show: Show, name: str, value: ShowPart) -> None:
    payload = {"show": show.slug, "name": name, "value": msgspec.to_builtins(value)}
    OutboxEvent.objects.create(topic=events.SHOW, key=events.show_key(show.slug), payload=payload)
