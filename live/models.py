"""Live shows: who presents what, what was pinned when, and which moments are worth jumping to.

`at` is an absolute instant on the video's own clock (PROGRAM-DATE-TIME), so a replay shows
pins and moments where the broadcast did. What changes a show is in live/shows/, a module
for each act; each raises the version of what viewers see of it.
"""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from shop.models import Product


class Show(models.Model):
    class Status(models.TextChoices):
        SCHEDULED = "scheduled"
        LIVE = "live"
        ENDED = "ended"

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=120)
    host = models.CharField(max_length=80, help_text="Who presents it, as viewers read it.")
    description = models.TextField(blank=True)
    poster = models.FileField(upload_to="shows/", blank=True, help_text="Shown until the video plays.")
    hls_url = models.CharField(
        "HLS address",
        max_length=500,
        help_text="The video's playlist, with PROGRAM-DATE-TIME: /media/shows/<slug>/index.m3u8.",
    )
    starts_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=Status, default=Status.SCHEDULED, editable=False)
    went_live_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    # Rises with every change that viewers may see of the show itself.
    version = models.BigIntegerField(default=1, editable=False)
    products = models.ManyToManyField(Product, through="ShowProduct", related_name="shows")

    class Meta:
        ordering = ("-starts_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(status="scheduled", went_live_at=None, ended_at=None)
                | Q(status="live", went_live_at__isnull=False, ended_at=None)
                | Q(status="ended", went_live_at__isnull=False, ended_at__isnull=False),
                name="show_times_as_its_status_says",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("live:show", args=[self.slug])


class ShowProduct(models.Model):
    """One product of a show, and where it stands in the list beside the video."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="listed")
    product = models.ForeignKey(Product, models.CASCADE, related_name="listed_in")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = [models.UniqueConstraint(fields=["show", "product"], name="product_once_in_a_show")]

    def __str__(self) -> str:
        return f"{self.product} in {self.show}"


class Pin(models.Model):
    """From `at` on this product is the one that is talked of; none where it was taken down. Never changed."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="pins")
    product = models.ForeignKey(Product, models.CASCADE, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=["show", "at", "id"], name="pins_of_a_show")]

    def __str__(self) -> str:
        return f"{self.product or 'nothing'} at {self.at:%H:%M:%S}"


class KeyMoment(models.Model):
    """An instant worth jumping to. A removed one stays as such: older news of it must not bring it back."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="moments")
    title = models.CharField(max_length=80)
    at = models.DateTimeField()
    is_removed = models.BooleanField(default=False)
    version = models.BigIntegerField(default=1, editable=False)

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=["show", "at", "id"], name="moments_of_a_show")]

    def __str__(self) -> str:
        return f"{self.title} at {self.at:%H:%M:%S}"
