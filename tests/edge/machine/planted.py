"""Bugs that the machine must find: each is the product without one of its guards."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from fastpath_lambda.stores import redis_rebuilding, redis_steps
from fastpath_lambda.stores.commands import Script
from orders import drain, releasing
from orders.models import Release
from shop.models import Allotment


@transaction.atomic
def write_off_whatever_the_epoch(row, number):
    unsettled = Release.objects.filter(pk=row.pk, settled_at=None)
    if not unsettled.update(settled_at=timezone.now(), number=number):
        return False
    Allotment.objects.filter(pk=row.allotment_id).update(releasing=F("releasing") - row.quantity)
    return True


@transaction.atomic
def write_off_again(row, number):
    Release.objects.filter(pk=row.pk).update(settled_at=timezone.now(), number=number)
    Allotment.objects.filter(pk=row.allotment_id).update(releasing=F("releasing") - row.quantity)
    return True


def _without(text, *guards):
    for guard, instead in guards:
        assert guard in text, f"{guard!r} is not there any more: plant another bug"
        text = text.replace(guard, instead)
    return text


def _place_whatever_the_epoch(patch):
    guards = (
        (", allotment.epoch)", ")"),
        (", c.number / 1000000000)", ")"),
        ("ELSE armed + 1", "ELSE batch.units"),
    )
    patch.setattr(drain, "WRITE", _without(drain.WRITE, *guards))


def _give_back_twice(patch):
    guard = "if before then return math.abs(tonumber(before)) end"
    script = Script(_without(redis_steps.GIVE_BACK.text, (guard, "")))
    patch.setattr(redis_steps, "GIVE_BACK", script)


def _adopt_more_than_is_left(patch):
    script = Script(_without(redis_rebuilding.ADOPT.text, ("if left < 0 then return 'sold_out' end", "")))
    patch.setattr(redis_rebuilding, "ADOPT", script)


BUGS = {
    "units are written off whichever ledger has them": lambda patch: patch.setattr(
        releasing, "write_off", write_off_whatever_the_epoch
    ),
    "a claim of a lost ledger is an order without being adopted": _place_whatever_the_epoch,
    "the ledger gives units back twice": _give_back_twice,
    "units that came back are written off twice": lambda patch: patch.setattr(
        releasing, "write_off", write_off_again
    ),
    "claims are adopted beyond what is left": _adopt_more_than_is_left,
}
