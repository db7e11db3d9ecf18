"""The ledgers that were lost: one row for each, with what became of the claims it had given.

Its claims were numbered without a gap, so a number that is missing below the highest one
known is a claim that was accepted and is nowhere. What came after that number, nobody knows.
"""

from datetime import datetime

from django.db import models
from django.db.models import F

from fastpath_lambda.ledger import EPOCH
from shop.models import Sale


class LedgerLoss(models.Model):
    sale = models.ForeignKey(Sale, models.PROTECT, related_name="ledger_losses")
    generation = models.PositiveIntegerField()
    # The epoch that was lost; see Allotment.epoch.
    epoch = models.PositiveIntegerField()
    found_at = models.DateTimeField()
    # Since when the buffer is empty, as far as was looked.
    drained_at = models.DateTimeField(null=True, blank=True)
    rebuilt_at = models.DateTimeField(null=True, blank=True)
    # Claims of the lost epoch that are orders, or wait as dead letters.
    known = models.PositiveIntegerField(default=0)
    highest_number = models.PositiveIntegerField(default=0)
    # Accepted, and nowhere to be found. Those that turn up later are taken off.
    missing = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["sale", "generation"],
                condition=models.Q(rebuilt_at=None),
                name="one_open_loss_per_sale",
            ),
        ]

    def __str__(self) -> str:
        if self.rebuilt_at is None:
            return f"The ledger was lost at {_clock(self.found_at)}: nobody can buy until it is rebuilt."
        return (
            f"The ledger was lost at {_clock(self.found_at)} and rebuilt at {_clock(self.rebuilt_at)}: "
            f"{self._what_is_missing} {self._what_nobody_knows}"
        )

    @property
    def _what_is_missing(self) -> str:
        if not self.missing:
            return f"all {self.known} claims that are known of are kept."
        claims = "claim is" if self.missing == 1 else "claims are"
        return f"{self.missing} accepted {claims} lost, of {self.known + self.missing}."

    @property
    def _what_nobody_knows(self) -> str:
        return f"Whether any came after number {self.highest_number} cannot be known."


def turned_up(sale_id: int, generation: int, number: int) -> None:
    """A claim of a lost ledger is an order after all: it is not missing any more."""
    losses = LedgerLoss.objects.filter(sale=sale_id, generation=generation, epoch=number // EPOCH)
    number %= EPOCH
    # Those between the highest that was known and this one were given, too.
    is_between = losses.filter(highest_number__gte=number, missing__gt=0)
    if not is_between.update(missing=F("missing") - 1, known=F("known") + 1):
        losses.filter(highest_number__lt=number).update(
            missing=F("missing") + number - 1 - F("highest_number"),
            known=F("known") + 1,
            highest_number=number,
        )


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"
