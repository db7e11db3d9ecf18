"""The catalogue, who owns which units of it, and the events of its changes.

A unit has one owner at any time: stock, a sale's allotment, a claim, or an order. What moves units
is not here: each act has its own module. The constraints here hold whatever that code believes.
"""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

# Found by Django because it is imported here.
from shop import told  # noqa: F401

# Where the search looks, what counts most first. An index has this expression: see Product.
SEARCHED = (
    SearchVector("name", weight="A", config="english")
    + SearchVector("summary", weight="B", config="english")
    + SearchVector("description", weight="C", config="english")
)
AT_LEAST_ONE = MinValueValidator(1, "Allow each buyer at least 1.")


class Category(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    summary = models.CharField(max_length=200, blank=True)
    picture = models.FileField(upload_to="categories/", blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:category", args=[self.slug])


class Product(models.Model):
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    summary = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    picture = models.FileField(upload_to="products/", blank=True)
    featured = models.BooleanField(default=False, help_text="Shown on the front page.")
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    limit_per_buyer = models.PositiveIntegerField(
        null=True, blank=True, validators=[AT_LEAST_ONE],
        help_text="Units, over all orders outside of a sale. Empty: any number.",
    )  # fmt: skip
    # Counts the times a sale of this product was armed: part of every order id taken in it.
    sale_generation = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ("position", "id")
        indexes = [
            GinIndex(SEARCHED, name="product_search"),
            models.Index(fields=["position", "id"], name="product_listing"),
            models.Index(fields=["category", "position", "id"], name="product_listing_by_category"),
            models.Index(fields=["position", "id"], condition=Q(featured=True), name="product_featured"),
        ]
        constraints = [models.CheckConstraint(condition=~Q(limit_per_buyer=0), name="product_limit_not_zero")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.category.slug, self.slug])


class Sku(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="skus")
    code = models.CharField("SKU", max_length=40, unique=True)
    options = models.JSONField(default=dict, blank=True, help_text='What tells it apart: {"Length": "7 ft"}.')
    price = models.DecimalField(max_digits=10, decimal_places=2)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "SKU"
        verbose_name_plural = "SKUs"
        ordering = ("position", "code")
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="sku_price_not_negative")]

    def __str__(self) -> str:
        return self.code

    @property
    def currency(self) -> str:
        return settings.CURRENCY


class SaleName(models.Model):
    """A slug that sales went by, and its last generation: whoever has the slug next counts on from there."""

    slug = models.SlugField(primary_key=True)
    generation = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.slug}/{self.generation}"


class Sale(models.Model):
    """A product, a price, a window, units, a limit per buyer; and how far its fast path has got."""

    class State(models.TextChoices):
        DRAFT = "draft"
        ARMED = "armed"
        OPEN = "open"
        PAUSED = "paused"
        CLOSING = "closing"
        CLOSED = "closed"

    # While a sale is in one of these, its product is sold on the fast path and nowhere else.
    ON = (State.ARMED, State.OPEN, State.PAUSED, State.CLOSING)

    product = models.ForeignKey(Product, models.PROTECT, related_name="sales")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    units = models.PositiveIntegerField(help_text="Units set aside of each SKU of the product.")
    limit_per_buyer = models.PositiveIntegerField(default=2, validators=[AT_LEAST_ONE])
    opens_at = models.DateTimeField(null=True, blank=True, help_text="Empty: opens when told to.")
    closes_at = models.DateTimeField(null=True, blank=True, help_text="Empty: closes when told to.")
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT, editable=False)
    generation = models.PositiveIntegerField(default=0, editable=False)
    changed_by = models.CharField(max_length=150, blank=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["product"],
                condition=Q(state__in=["armed", "open", "paused", "closing"]),
                name="one_fast_path_per_product",
            ),
            models.CheckConstraint(condition=Q(limit_per_buyer__gte=1), name="sale_limit_at_least_one"),
            models.CheckConstraint(condition=Q(price__gte=0), name="sale_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.product} at {self.price}"

    @property
    def is_on(self) -> bool:
        return self.state in self.ON

    @property
    def reference(self) -> str:
        """The name of this sale's present generation, as outsiders and order ids know it."""
        return f"{self.product.slug}/{self.generation}"


class Allotment(models.Model):
    """The units of one SKU that one generation of a sale has to give."""

    sale = models.ForeignKey(Sale, models.PROTECT, related_name="allotments")
    generation = models.PositiveIntegerField()
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="allotments")
    armed = models.PositiveIntegerField()
    ordered = models.PositiveIntegerField(default=0)
    # Back in shop stock: what was left when the sale closed, and what orders undone since gave back.
    returned = models.PositiveIntegerField(default=0)
    # Of orders undone while the sale is on: on their way back to the ledger, or there already and not
    # yet written off. Some may be sold again by now, so the check below cannot count them.
    releasing = models.PositiveIntegerField(default=0, db_default=0)
    # Counts the ledgers of this generation that were lost. A claim's number says which one gave it; those
    # of a lost one have to be adopted by the present one before they are orders: see orders/late.py.
    epoch = models.PositiveIntegerField(default=0, db_default=0)
    # Set once the leftovers are back in stock: from then on the ledger's count means nothing.
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sale", "generation", "sku"], name="one_allotment_per_sku"),
            models.CheckConstraint(
                condition=Q(armed__gte=F("ordered") + F("returned")), name="allotment_never_oversold"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(releasing=0), name="allotment_closed_with_nothing_on_its_way"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.armed} × {self.sku}"


class Stock(models.Model):
    sku = models.OneToOneField(Sku, models.CASCADE, primary_key=True, related_name="stock")
    available = models.IntegerField(default=0)
    # Rises with every change that shoppers may see; the ledger counts on from it during a sale.
    version = models.BigIntegerField(default=1)
    # While set, the classic door of this SKU is shut: the same row decides both, so there is no gap.
    sale = models.ForeignKey(Sale, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "stock"
        constraints = [models.CheckConstraint(condition=Q(available__gte=0), name="stock_never_negative")]

    def __str__(self) -> str:
        return f"{self.available} × {self.sku}"


class StockMovement(models.Model):
    """One line of the stock's ledger. Append-only: a trigger refuses to change or delete one."""

    class Reason(models.TextChoices):
        RECEIVED = "received"
        CORRECTED = "corrected"
        ORDERED = "ordered"
        CANCELLED = "cancelled"
        ARMED = "armed", "set aside for a sale"
        RETURNED = "returned", "back from a sale"

    sku = models.ForeignKey(Sku, models.PROTECT, related_name="movements")
    # Signed: what shop stock gained (+) or gave (-). Units ordered out of an allotment move no shop
    # stock; their line has the sale, and the quantity that left the allotment.
    quantity = models.IntegerField()
    reason = models.CharField(max_length=9, choices=Reason)
    order_id = models.UUIDField(null=True, blank=True)
    sale = models.ForeignKey(Sale, models.PROTECT, null=True, blank=True, related_name="movements")
    by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.quantity:+} {self.sku}: {self.reason}"


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction that made it happen."""

    # Given after the commit, see shop/outbox.py: ids are given before it, so a lower one may appear late.
    position = models.BigIntegerField(null=True, unique=True, editable=False)
    topic = models.CharField(max_length=40)
    # Events of one key are told in the order of their commits.
    key = models.CharField(max_length=120)
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(position=None), name="outbox_without_position")]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"
