"""manage.py fastpath: moves a product's sale through its states, moves its units, or says how it stands."""

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from edge import lifecycle, queries

TERMS = ("units", "limit", "price", "opens_at", "closes_at")
# What the columns of a sale hold.
MOST = 2**31 - 1
PRICE = re.compile(r"\d{1,8}(\.\d{1,2})?", re.ASCII)


class Command(BaseCommand):
    # Nobody waits two seconds in the middle of a sale to hear about the admin's settings.
    requires_system_checks = ()
    help = (
        "Moves a product's sale to the fast path and through its states: draft → armed → open ⇄ paused → "
        "closing → closed. Each action can be run again after an interruption, and finishes what is left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("action", choices=[*ACTIONS, "status"], help="what to do")
        add("slug", metavar="product-slug", help="of the product, as in its address")
        add("--units", type=_whole, metavar="N", help="arm, restock, take-back: units of each SKU")
        add("--sku", metavar="SKU", help="restock, take-back: of this SKU alone")
        add("--limit", type=_whole, metavar="N", help="arm: units that one buyer may have")
        add("--price", type=_price, metavar="P", help="arm: the price during the sale")
        add("--opens-at", type=_moment, metavar="T", help="arm: opens by itself then (2027-03-09T20:00)")
        add("--closes-at", type=_moment, metavar="T", help="arm: closes by itself then")
        add("--no-wait", action="store_true", help="close: return at once, the worker finishes it")
        add("--json", action="store_true", help="print the sale's status as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        try:
            if options["action"] != "status":
                ACTIONS[options["action"]](self, options)
            self._present(queries.status(options["slug"]), as_json=options["json"])
        except lifecycle.CannotChange as error:
            raise CommandError(str(error)) from None

    def _present(self, status: queries.Status, *, as_json: bool) -> None:
        fields = status.fields()
        if as_json:
            self.stdout.write(json.dumps(fields, cls=DjangoJSONEncoder))
            return
        lines = (f"{name.replace('_', ' '):<11} {_readable(value)}" for name, value in fields.items())
        self.stdout.write("\n".join(lines))

    def arm(self, options: Mapping[str, Any]) -> None:
        terms = {name: options[name] for name in TERMS}
        lifecycle.arm(options["slug"], **terms, by=_operator())

    def open(self, options: Mapping[str, Any]) -> None:
        lifecycle.open_sale(options["slug"], by=_operator())

    def pause(self, options: Mapping[str, Any]) -> None:
        lifecycle.pause(options["slug"], by=_operator())

    def resume(self, options: Mapping[str, Any]) -> None:
        lifecycle.resume(options["slug"], by=_operator())

    def restock(self, options: Mapping[str, Any]) -> None:
        lifecycle.restock(options["slug"], units=_said(options), sku=options["sku"], by=_operator())

    def take_back(self, options: Mapping[str, Any]) -> None:
        lifecycle.take_back(options["slug"], units=_said(options), sku=options["sku"], by=_operator())

    def close(self, options: Mapping[str, Any]) -> None:
        wait = not options["no_wait"]
        try:
            lifecycle.close(options["slug"], by=_operator(), wait=wait, progress=self._progress())
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped waiting. The sale takes no more orders; the worker closes it."
            ) from None

    def _progress(self) -> Callable[[int], None]:
        last: int | None = None

        def tell(pending: int) -> None:
            nonlocal last
            if pending != last:
                last = pending
                self.stderr.write(f"closing: {pending} claim{'s' * (pending != 1)} to become orders …")

        return tell


ACTIONS: Mapping[str, Callable[[Command, Mapping[str, Any]], None]] = {
    "arm": Command.arm,
    "open": Command.open,
    "pause": Command.pause,
    "resume": Command.resume,
    "close": Command.close,
    "restock": Command.restock,
    "take-back": Command.take_back,
}
TRANSFERS = ("restock", "take-back")


def _check(options: Mapping[str, Any]) -> None:
    """An option that the action would ignore was meant for something: say so."""
    said = {name for name in TERMS if options[name] is not None}
    if options["action"] in TRANSFERS:
        said.discard("units")
    elif options["sku"] is not None:
        raise CommandError("--sku is for restock and take-back: arming sets units of each SKU aside.")
    if said and options["action"] != "arm":
        named = ", ".join(f"--{name.replace('_', '-')}" for name in TERMS if name in said)
        raise CommandError(f"{named} can be set when arming only: close the sale and arm it anew.")
    if options["no_wait"] and options["action"] != "close":
        raise CommandError("--no-wait is for close.")


def _said(options: Mapping[str, Any]) -> int:
    if options["units"] is None:
        raise CommandError(f"Say how many: {options['action']} {options['slug']} --units N.")
    return int(options["units"])


def _operator() -> str:
    try:
        return f"{getuser()} (command)"
    # A container may run as a user that has no name.
    except (KeyError, OSError):
        return "command"


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number of units: write 1 or more.")
    if int(text) > MOST:
        raise ArgumentTypeError(f"{text} is more than can be counted: write {MOST} or less.")
    return int(text)


def _price(text: str) -> Decimal:
    if not PRICE.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is not a price: write it like 149.99.")
    return Decimal(text)


def _moment(text: str) -> datetime:
    """In UTC. What is past the year 9999 there, the database would take, and never give back to us."""
    try:
        moment = parse_datetime(text)
        if moment is not None:
            return (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ArgumentTypeError(f"{text!r} is not a time: write it like 2027-03-09T20:00+01:00.")


def _readable(value: object) -> str:
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S %Z}"
    return "–" if value is None or value == "" else str(value)
