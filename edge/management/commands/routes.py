"""Show the routing table, what publishing it would change, and publish it."""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from edge import apply, plan, routing
from edge.plan import Plan, UnsafePlan
from edge.publishing import NotServed


class Command(BaseCommand):
    help = "The routing table: show what the router has, plan what would change (a dry run), or apply it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["show", "plan", "apply"])
        parser.add_argument("--router", choices=sorted(apply.ROUTERS), default="builtin")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--force", action="store_true", help="apply a plan though it is unsafe")
        parser.add_argument(
            "--no-wait",
            action="store_true",
            help="the router is not running yet, and reads it at its start",
        )

    def handle(
        self, *, act: str, router: str, json: bool, force: bool, no_wait: bool, **options: Any
    ) -> None:
        if act == "show":
            self._show(router, as_json=json)
        elif act == "plan":
            self._tell(apply.planned(router=router), as_json=json)
        else:
            self._apply(router, force=force, wait=not no_wait, as_json=json)

    def _show(self, router: str, *, as_json: bool) -> None:
        table = apply.ROUTERS[router].existing()
        if table is None:
            raise CommandError(
                f"The {router} router has no table: publish one with `manage.py routes apply`."
            )
        if as_json:
            self.stdout.write(routing.to_json(table))
            return
        self.stdout.write(f"table {table.version} of the {router} router; the first match wins")
        for behavior in table.behaviors:
            self.stdout.write(f"  {plan.present(behavior)}")

    def _apply(self, router: str, *, force: bool, wait: bool, as_json: bool) -> None:
        by = os.environ.get("USER", "manage.py")
        try:
            change = apply.apply(by=by, router=router, force=force, wait=wait)
        except (UnsafePlan, NotServed) as error:
            raise CommandError(str(error)) from error
        self._tell(change, as_json=as_json)

    def _tell(self, change: Plan, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(change.to_fields(), indent=1))
            return
        for line in change.lines():
            self.stdout.write(line)
