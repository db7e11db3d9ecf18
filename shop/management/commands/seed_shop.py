"""Fill the shop with the demo catalogue, or with a big one."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import track

from shop.demo import catalogue, crowd, planting


class Command(BaseCommand):
    help = (
        "Fill the shop with the demo catalogue. Running it again adds what is missing and "
        "leaves alone what was changed."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--products",
            type=_count,
            default=0,
            metavar="N",
            help="Add plain products until there are N of them: a big shop, to measure with.",
        )
        parser.add_argument(
            "--demo-admin",
            action="store_true",
            help="Also make the staff login admin / admin, if there is no such user.",
        )

        parser.add_argument("--json", action="store_true", help="print as JSON what is new")

    def handle(self, *args: Any, products: int, demo_admin: bool, **options: Any) -> None:
        new = asdict(planting.plant(catalogue.read()))
        new["plain_products"] = self._add_plain(products) if products else 0
        new["demo_admin"] = demo_admin and _add_admin()
        self.stdout.write(json.dumps(new)) if options["json"] else self._present(new)

    def _present(self, new: Mapping[str, Any]) -> None:
        self.stdout.write(
            "New in the shop: "
            f"{new['categories']} categories, {new['products']} products, {new['skus']} SKUs."
        )
        if new["plain_products"]:
            self.stdout.write(f"Added {new['plain_products']} plain products.")
        if new["demo_admin"]:
            self.stdout.write(
                "Staff login: admin / admin (for a demo; change it before anybody else can see it)."
            )

    def _add_plain(self, wanted: int) -> int:
        # On stderr, so that what a program reads stays clean; silent where nobody watches.
        console = Console(stderr=True)
        batches = crowd.plant(wanted)
        total = -(-wanted // crowd.BATCH)
        return sum(track(batches, description="Adding products", total=total, console=console))


def _add_admin() -> bool:
    users = get_user_model().objects
    if users.filter(username="admin").exists():
        return False
    users.create_superuser("admin", "admin@example.org", "admin")
    return True


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: write a whole number, 0 or more.")
    return int(text)
