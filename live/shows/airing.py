"""Going live, and ending: once each, however often it is asked for."""

from datetime import datetime

from django.db.models import F

from live.models import Show
from live.shows import values
from live.shows.turns import CannotChange, Status, turn


def go_live(slug: str, *, now: datetime) -> Show:
    with turn(slug) as show:
        if show.status == Status.ENDED:
            raise CannotChange(f"{show} is over: plan another show to go live again.")
        if show.status == Status.LIVE:
            return show
        show.status, show.went_live_at = Status.LIVE, now
        return _told(show)


def end(slug: str, *, now: datetime) -> Show:
    """From now on it replays. What was pinned stays in the record of the broadcast."""
    with turn(slug) as show:
        if show.status == Status.SCHEDULED:
            raise CannotChange(f"{show} is not live yet. Delete it in the admin if it is not to happen.")
        if show.status == Status.ENDED:
            return show
        show.status, show.ended_at = Status.ENDED, now
        return _told(show)


def _told(show: Show) -> Show:
    show.version = F("version") + 1
    show.save(update_fields=["status", "went_live_at", "ended_at", "version"])
    show.refresh_from_db()
    values.tell_show(show)
    return show
