"""Put the demo's shows into the shop."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from live.demo import seeding


class Command(BaseCommand):
    help = "Add the demo's recorded show, and plan its next one. What is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        is_new = seeding.seed_recorded()
        show = seeding.plan(now=timezone.now())
        self.stdout.write(f"{'New' if is_new else 'There already'}: the recorded show. Next: {show.slug}.")
