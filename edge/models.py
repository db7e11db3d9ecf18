"""What ops did: changes of a sale's fast path, units moved, mini-site pages, and routing tables published."""

from uuid import uuid4

from django.db import models

from shop.models import Allotment, Sale


class SaleChange(models.Model):
    """Who moved a sale from which state to which, and when."""

    sale = models.ForeignKey(Sale, models.PROTECT, related_name="changes")
    generation = models.PositiveIntegerField()
    action = models.CharField(max_length=12)
    from_state = models.CharField(max_length=8)
    to_state = models.CharField(max_length=8)
    # Of each SKU, where units were added to the sale or taken back from it.
    units = models.PositiveIntegerField(null=True, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"


class Transfer(models.Model):
    """Units of one SKU that are added to a sale that is on (above 0), or taken back from it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    allotment = models.ForeignKey(Allotment, models.PROTECT, related_name="transfers")
    quantity = models.IntegerField()
    by = models.CharField(max_length=150)
    begun_at = models.DateTimeField(db_default=models.functions.Now())
    # Empty while they are on their way: see lifecycle/transferring.py.
    settled_at = models.DateTimeField(null=True, blank=True)
    # The ledger's running number of it; empty where the ledger had fewer left, and nothing moved.
    number = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["allotment"],
                condition=models.Q(settled_at=None),
                name="transfers_on_their_way",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(quantity=0), name="transfer_of_some_units"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+}"


class MinisitePage(models.Model):
    """The static page that stands for a product's own while one generation of its sale is on."""

    sale = models.ForeignKey(Sale, models.PROTECT, related_name="minisite_pages")
    generation = models.PositiveIntegerField()
    # A short hash of the page: another content is another address, so caches never need to be told.
    build = models.CharField(max_length=40)
    # Below the mini-site's root: `<build>/shop/<category>/<product>/index.html`.
    path = models.CharField(max_length=250)
    published_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=["sale", "generation"], name="one_page_per_generation")]

    def __str__(self) -> str:
        return self.path


class PublishedTable(models.Model):
    """One version of the routing table, as a router was given it. The id is the version."""

    router = models.CharField(max_length=20)
    table = models.JSONField()
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"table {self.pk} on {self.router}"
