"""Changing what a show says of itself, its title, video or products: viewers see it without a reload."""

from django.db.models import F

from live.models import Show
from live.shows import values
from live.shows.turns import turn


def tell(slug: str) -> Show:
    """Call it after the change, in the same transaction."""
    with turn(slug) as show:
        show.version = F("version") + 1
        show.save(update_fields=["version"])
        show.refresh_from_db()
        values.tell_show(show)
        return show
