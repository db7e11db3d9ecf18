"""Key moments: marking an instant that is worth jumping to, and taking the mark back."""

from datetime import datetime

from live.models import KeyMoment, Show
from live.shows import values
from live.shows.turns import CannotChange, raise_unless_live, turn

LONGEST_TITLE = 80


def mark(slug: str, title: str, *, now: datetime, at: datetime | None = None) -> KeyMoment:
    """Mark this instant of the broadcast, or an earlier one: also when it is over."""
    title = " ".join(title.replace("\0", "").split())
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise CannotChange(f"A moment's title has 1 to {LONGEST_TITLE} characters, this has {len(title)}.")
    with turn(slug) as show:
        if at is None:
            raise_unless_live(show)
        else:
            _raise_unless_shown(show, at, now=now)
        moment = KeyMoment.objects.create(show=show, title=title, at=at or now)
        values.tell_moment(moment)
        return moment


def remove(slug: str, moment_id: int) -> KeyMoment:
    with turn(slug) as show:
        moment = show.moments.filter(pk=moment_id).first()
        if moment is None:
            raise CannotChange(f"{show} has no moment {moment_id}.")
        if not moment.is_removed:
            moment.is_removed, moment.version = True, moment.version + 1
            moment.save(update_fields=["is_removed", "version"])
            values.tell_moment(moment)
        return moment


def _raise_unless_shown(show: Show, at: datetime, *, now: datetime) -> None:
    if show.went_live_at is None:
        raise CannotChange(f"{show} is not live yet. Go live first.")
    until = show.ended_at or now
    if not show.went_live_at <= at <= until:
        raise CannotChange(
            f"{at.isoformat()} is no instant of {show}: it was live from {show.went_live_at.isoformat()} "
            f"to {until.isoformat()}."
        )
