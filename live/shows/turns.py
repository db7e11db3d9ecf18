"""Whose turn it is to change a show, and what is said where it cannot be changed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from live.models import Show
from shop import refusing

Status = Show.Status


class CannotChange(refusing.CannotChange):
    """The show stays as it is. The message says why, and what to do."""

    title = "The show stays as it is"


class UnknownShow(CannotChange):
    """There is no such show."""


@contextmanager
def turn(slug: str) -> Iterator[Show]:
    """One change of this show at a time, as one transaction: two hosts may press at the same moment.

    Its events are written in the order of their commits too, because each waits for the row.
    """
    with transaction.atomic():
        show = Show.objects.select_for_update(no_key=True).filter(slug=slug).first()
        if show is None:
            raise UnknownShow(f"There is no show {slug!r}. See the shows' slugs in the admin.")
        yield show


def raise_unless_live(show: Show) -> None:
    if show.status == Status.SCHEDULED:
        raise CannotChange(f"{show} is not live yet. Go live first.")
    if show.status == Status.ENDED:
        raise CannotChange(f"{show} is over since {show.ended_at:%Y-%m-%d %H:%M %Z}: it only replays.")
