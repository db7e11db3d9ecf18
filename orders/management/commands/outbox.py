"""Events that a receiver of the outbox fails at: list them, look at one, tell it once more, or skip it."""

import getpass
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from orders import relay
from shop import setting_aside
from shop.setting_aside import CannotChange
from shop.told import SetAside

LISTED = ("id", "state", "set_aside_at", "receiver", "topic", "key", "error")
SHOWN = (*LISTED, "event_id", "payload", "changed_by", "changed_at")
DONE = {"retry": "was told to", "skip": "will never be told to"}


class Command(BaseCommand):
    help = (
        "Events that were set aside, since a receiver (rooms, mail, webhooks) fails at them: list those that "
        "wait (--all: every one), show one, retry one (tell that receiver once more), or skip one for good."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["list", "show", "retry", "skip"])
        parser.add_argument("event", nargs="?", help="its number, as `list` prints it; retry: or 'all'")
        parser.add_argument("--all", action="store_true", help="list: those that were dealt with, too")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, act: str, event: str | None, **options: Any) -> None:
        if act == "list":
            self._list(_waiting(everything=options["all"]), as_json=options["json"])
        elif act == "show":
            self._show(_find(event), as_json=options["json"])
        else:
            everyone = act == "retry" and event == "all"
            self._change(act, list(_waiting()) if everyone else [_find(event)], as_json=options["json"])

    def _list(self, rows: "QuerySet[SetAside]", *, as_json: bool) -> None:
        if as_json:
            return self._write_json([_fields(row, LISTED) for row in rows])
        for row in rows:
            self.stdout.write(
                f"{row.pk:>6}  {row.state:<7}  {row.set_aside_at:%Y-%m-%d %H:%M:%S}  {row}: {row.error}"
            )
        return self.stdout.write(f"{len(rows)} event(s) set aside")

    def _show(self, row: SetAside, *, as_json: bool) -> None:
        fields = _fields(row, SHOWN)
        if as_json:
            return self._write_json(fields)
        for name, value in fields.items():
            self.stdout.write(f"{name:<12} {json.dumps(value) if name == 'payload' else value}")
        return None

    def _change(self, act: str, rows: list[SetAside], *, as_json: bool) -> None:
        done: list[int] = []
        try:
            for row in rows:
                _retry(row) if act == "retry" else setting_aside.skip(row, by=_who(), now=timezone.now())
                done.append(row.pk)
                if not as_json:
                    self.stdout.write(f"Event {row.pk} {DONE[act]} {row.receiver} ({row.topic} {row.key}).")
        except CannotChange as error:
            raise CommandError(str(error)) from error
        if as_json:
            return self._write_json({"act": act, "events": done})
        return self.stdout.write(f"{act}: {len(done)} event(s)")

    def _write_json(self, value: object) -> None:
        self.stdout.write(json.dumps(value, indent=1))


def _retry(row: SetAside) -> None:
    setting_aside.retry(row, relay.find_receiver(row.receiver), by=_who(), now=timezone.now())


def _waiting(*, everything: bool = False) -> "QuerySet[SetAside]":
    rows = SetAside.objects.order_by("id")
    return rows if everything else rows.filter(state=SetAside.State.WAITING)


def _find(event: str | None) -> SetAside:
    if event is None or not event.isdigit():
        raise CommandError("Say which: give the event's number, as `outbox list` prints it.")
    found = SetAside.objects.filter(pk=event).first()
    if found is None:
        raise CommandError(f"There is no event {event} set aside: see `outbox list --all`.")
    return found


def _fields(row: SetAside, names: tuple[str, ...]) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in names}
    return {
        name: value if isinstance(value, int | dict) or value is None else str(value)
        for name, value in fields.items()
    }


def _who() -> str:
    return f"{getpass.getuser()} (manage.py)"
