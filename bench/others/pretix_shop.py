"""A pretix with one event that sells one thing, limited. Run in an environment of its own, after migrating.

    PRETIX_CONFIG_FILE=… python bench/others/pretix_shop.py UNITS FEW

Prints what an order of it needs: a token, and two items of which there are UNITS and FEW.
"""

import os
import sys
from datetime import timedelta
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pretix.settings")
django.setup()

# Models can be imported only from here on.
from django.utils.timezone import now  # noqa: E402
from django_scopes import scopes_disabled  # noqa: E402
from pretix.base.models import Event, Item, Organizer, Quota, Team, TeamAPIToken  # noqa: E402


def make_shop(*units: int) -> list[str]:
    organizer = Organizer.objects.create(slug="bench", name="Bench")
    event = Event.objects.create(
        organizer=organizer,
        slug="sale",
        name="Sale",
        currency="USD",
        date_from=now() + timedelta(days=60),
        live=True,
    )
    items = []
    for size in units:
        item = Item.objects.create(event=event, name="Muskie Casting Rod", default_price=Decimal("149.99"))
        quota = Quota.objects.create(event=event, name=f"{size} rods", size=size)
        quota.items.add(item)
        items.append(str(item.pk))
    team = Team.objects.create(organizer=organizer, name="Bench", all_events=True, all_event_permissions=True)
    return [TeamAPIToken.objects.create(team=team, name="bench").token, *items]


if __name__ == "__main__":
    with scopes_disabled():
        print(*make_shop(*map(int, sys.argv[1:])))
