"""What ops did: each change of a sale's fast path, each mini-site page, and each routing table published."""

from django.db import models

from shop.models import Sale


class SaleChange(models.Model):
    """Who moved a sale from which state to which, and when."""

    sale = models.ForeignKey(Sale, models.PROTECT, related_name="changes")
    generation = models.PositiveIntegerField()
    action = models.CharField(max_length=12)
    from_state = models.CharField(max_length=8)
    to_state = models.CharField(max_length=8)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"


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
