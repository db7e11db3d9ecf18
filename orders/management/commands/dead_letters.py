"""Messages that could not become orders: list them, look at one, mend it, send it again, or give it up."""

import getpass
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fastpath_lambda.sqs import Queue, QueueError
from orders import dead_letters, discarding, editing, jobs
from orders.models import DeadLetter

LISTED = ("id", "state", "received_at", "order_id", "reason")
SHOWN = (*LISTED, "message_id", "changed_by", "changed_at", "units_returned", "body", "came_as")


class Command(BaseCommand):
    help = (
        "Dead letters: list those that wait (--all: every one), show one, edit one (mend what is wrong with "
        "it: email=ada@example.org city=Hull), replay (send it to the buffer again; 'all': every waiting "
        "one), or discard one: its units go back, and its buyer is told."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["list", "show", "edit", "replay", "discard"])
        parser.add_argument("letter", nargs="?", help="its number, as `list` prints it")
        parser.add_argument(
            "changes", nargs="*", metavar="FIELD=VALUE", help=f"edit: of {', '.join(editing.EDITABLE)}"
        )
        parser.add_argument("--all", action="store_true", help="list: those that were dealt with, too")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, act: str, letter: str | None, changes: list[str], **options: Any) -> None:
        if changes and act != "edit":
            raise CommandError(f"{act} takes no {changes[0]!r}: only edit changes fields.")
        if act == "list":
            self._list(everything=options["all"], as_json=options["json"])
        elif act == "show":
            self._show(self._find(letter), as_json=options["json"])
        elif act == "edit":
            self._edit(self._find(letter), changes, as_json=options["json"])
        else:
            self._change(act, self._chosen(letter, act), as_json=options["json"])

    def _list(self, *, everything: bool, as_json: bool) -> None:
        letters = DeadLetter.objects.all() if everything else _waiting()
        rows = [_fields(letter, LISTED) for letter in letters]
        if as_json:
            return self._write_json(rows)
        for row in rows:
            self.stdout.write(f"{row['id']:>6}  {row['state']:<9}  {row['received_at']:.19}  {row['reason']}")
        return self.stdout.write(f"{len(rows)} dead letter(s)")

    def _show(self, letter: DeadLetter, *, as_json: bool) -> None:
        fields = _fields(letter, SHOWN)
        if as_json:
            return self._write_json(fields)
        for name, value in fields.items():
            self.stdout.write(f"{name:<12} {value}")
        return None

    def _edit(self, letter: DeadLetter, changes: list[str], *, as_json: bool) -> None:
        pairs = [change.partition("=") for change in changes]
        if not pairs or not all(sign for _, sign, _ in pairs):
            raise CommandError("Say what to change, such as: dead_letters edit 7 city=Hull")
        try:
            editing.edit(letter, {name: value for name, _, value in pairs}, by=_who(), now=timezone.now())
        except dead_letters.CannotChange as error:
            raise CommandError(str(error)) from error
        self._show(letter, as_json=as_json)

    def _change(self, act: str, letters: list[DeadLetter], *, as_json: bool) -> None:
        done: list[dict[str, Any]] = []
        try:
            for letter in letters:
                done.append(_replay(letter) if act == "replay" else _discard(letter))
        except (dead_letters.CannotChange, QueueError) as error:
            raise CommandError(str(error)) from error
        if as_json:
            return self._write_json({"act": act, "letters": [each["letter"] for each in done], "done": done})
        for each in done:
            self.stdout.write(each["done"])
        return self.stdout.write(f"{act}: {len(done)} dead letter(s)")

    def _chosen(self, letter: str | None, act: str) -> list[DeadLetter]:
        return list(_waiting()) if act == "replay" and letter == "all" else [self._find(letter)]

    def _find(self, letter: str | None) -> DeadLetter:
        if letter is None or not letter.isdigit():
            raise CommandError("Say which: give the letter's number, as `dead_letters list` prints it.")
        found = DeadLetter.objects.filter(pk=letter).first()
        if found is None:
            raise CommandError(f"There is no dead letter {letter}: see `dead_letters list --all`.")
        return found

    def _write_json(self, value: object) -> None:
        self.stdout.write(json.dumps(value, indent=1))


def _replay(letter: DeadLetter) -> dict[str, Any]:
    dead_letters.replay(letter, queue=Queue.from_environment(), by=_who(), now=timezone.now())
    return {"letter": letter.pk, "done": f"Letter {letter.pk} was sent to the buffer again."}


def _discard(letter: DeadLetter) -> dict[str, Any]:
    foreseen = discarding.foresee(letter)
    units = discarding.discard(letter, ledger=jobs.ledger(), by=_who(), now=timezone.now())
    return {"letter": letter.pk, "done": foreseen, "units_returned": units}


def _waiting() -> Any:
    return DeadLetter.objects.filter(state=DeadLetter.State.WAITING).order_by("id")


def _fields(letter: DeadLetter, names: tuple[str, ...]) -> dict[str, Any]:
    fields = {name: getattr(letter, name) for name in names}
    return {
        name: value if isinstance(value, int) or value is None else str(value)
        for name, value in fields.items()
    }


def _who() -> str:
    return f"{getpass.getuser()} (manage.py)"
