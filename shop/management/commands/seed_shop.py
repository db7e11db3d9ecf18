"""Fill the shop with the demo catalogue, or with a big one."""

import argparse
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

    def handle(self, *args: Any, products: int, demo_admin: bool, **options: Any) -> None:
        planted = planting.plant(catalogue.read())
        self.stdout.write(
            f"New in the shop: {planted.categories} categories, {planted.products} products, "
            f"{planted.skus} SKUs."
        )
        if products:
            self._add_plain(products)
        if demo_admin:
            self._add_admin()

    def _add_plain(self, wanted: int) -> None:
        # On stderr, so that what a program reads stays clean; silent where nobody watches.
        console = Console(stderr=True)
        batches = crowd.plant(wanted)
        total = -(-wanted // crowd.BATCH)
        added = sum(track(batches, description="Adding products", total=total, console=console))
        self.stdout.write(f"Added {added} plain products.")

    def _add_admin(self) -> None:
        users = get_user_model().objects
        if users.filter(username="admin").exists():
            return
        users.create_superuser("admin", "admin@example.org", "admin")
        self.stdout.write(
            "Staff login: admin / admin (for a demo; change it before anybody else can see it)."
        )


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: write a whole number, 0 or more.")
    return int(text)
