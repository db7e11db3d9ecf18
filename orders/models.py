"""Orders, their lines, and the claims that could not become orders.

An order's id is derived from its sale, generation and idempotency key (see identity.py
in fastpath_lambda), so the primary key makes a repeated request or message one order.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

# Found by Django because they are imported here.
from orders.losses import LedgerLoss  # noqa: F401
from orders.receivers.models import Letter, OrderMail, Webhook, WebhookDelivery  # noqa: F401
from shop.models import Allotment, Product, Sale, Sku


class Order(models.Model):
    class Status(models.TextChoices):
        PLACED = "placed"
        PAID = "paid"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        CANCELLED = "cancelled"
        REFUNDED = "refunded"

    id = models.UUIDField(primary_key=True, editable=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PLACED)
    # Rises with every change of status, so that a page never goes back to an older one.
    version = models.PositiveIntegerField(default=1)
    email = models.EmailField(max_length=254)
    # The normalised e-mail: whose limit this order counts against.
    buyer = models.CharField(max_length=254)
    # Of whoever was logged in: their limit counts, too. Not checked, as it may be gone before the drain.
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="orders",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    name = models.CharField(max_length=120)
    address = models.JSONField()
    payment_token = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    # What was asked, hashed: the same idempotency key with another body is a conflict.
    fingerprint = models.CharField(max_length=64)
    # No index of its own: `orders_by_claim` begins with it, and every index costs the drain.
    sale = models.ForeignKey(
        Sale, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False
    )
    generation = models.PositiveIntegerField(null=True, blank=True)
    # The ledger's running number of the claim: lets an audit compare two stores at one instant.
    claim_number = models.BigIntegerField(null=True, blank=True)
    accepted_at = models.DateTimeField()
    placed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-placed_at",)
        indexes = [
            models.Index(fields=["sale", "generation", "claim_number"], name="orders_by_claim"),
            models.Index(fields=["buyer"], name="orders_by_buyer"),
            models.Index(
                fields=["account", "-placed_at"], condition=Q(account__isnull=False), name="orders_by_account"
            ),
            models.Index(
                fields=["placed_at"], condition=Q(status__in=["placed", "paid"]), name="orders_to_advance"
            ),
        ]
        constraints = [models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative")]

    def __str__(self) -> str:
        return f"order {str(self.id)[:8]}…"


class OrderLine(models.Model):
    # Looked for by `one_line_per_sku`, which begins with it.
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    # Whether it counts in Bought: its product had a limit when the shop took it.
    counted = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sku"], name="one_line_per_sku"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_quantity_at_least_one"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class Bought(models.Model):
    """How many units of a limited product one buyer has from the shop itself: see limits.py."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    buyer = models.CharField(max_length=254)
    units = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "buyer"], name="one_count_per_buyer")]

    def __str__(self) -> str:
        return f"{self.units} of {self.product_id} for {self.buyer}"


class Release(models.Model):
    """The units of one undone order of a sale, on their way back. One for each order: they go back once."""

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="release")
    allotment = models.ForeignKey(Allotment, models.PROTECT, related_name="releases")
    quantity = models.PositiveIntegerField()
    released_at = models.DateTimeField(db_default=Now())
    # Empty while they are on their way: see releasing.py.
    settled_at = models.DateTimeField(null=True, blank=True)
    # The ledger's running number of it, for the audit; empty where the units went to the shop's stock.
    number = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["allotment"], condition=Q(settled_at=None), name="releases_on_their_way"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="release_quantity_at_least_one")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.order_id}"


class Payment(models.Model):
    """The money of one order: what was set aside, taken and given back. See paying.py for how it gets on."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting for the provider"
        AUTHORISED = "authorised"
        DECLINED = "declined"
        CAPTURED = "captured"
        VOIDED = "voided"

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="payment")
    provider = models.CharField(max_length=20)
    # The provider's own name for it; empty until it said one.
    reference = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    captured = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    # Given back, or promised to be: see Refund.
    refunded = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    # Each is given to the provider with its step, so that the step is done once.
    authorise_key = models.CharField(max_length=60)
    capture_key = models.CharField(max_length=60)
    void_key = models.CharField(max_length=60)
    opened_at = models.DateTimeField(db_default=Now())
    # How often the present step was begun, and when it is anybody's turn again; empty: nothing to do.
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="payments_to_do"),
            # Asked for each second, in a rush that PostgreSQL has not counted yet: it would read all of them.
            models.Index(fields=["opened_at"], condition=Q(next_at__isnull=False), name="payments_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(captured__lte=F("amount")), name="no_more_captured_than_asked"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0) & Q(refunded__lte=F("captured")),
                name="no_more_refunded_than_captured",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}: {self.state}"


class Refund(models.Model):
    """Money on its way back to a buyer; promised in the same step that counts it in its payment."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"  # accepted; days later a bank may still send it back
        REFUSED = "refused"
        BY_HAND = "by_hand", "paid by hand"

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    # Whoever asks twice with one key promises once, and the provider gives back once.
    key = models.CharField(max_length=100, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=150)
    promised_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    # How often people had it asked again after a refusal: each time under another key, see refunding.py.
    again = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="refunds_to_do"),
        ]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_above_zero")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment_id}: {self.state}"


class PaymentEvent(models.Model):
    """An event of the provider that was heard. Its id is the key: what comes again changes nothing."""

    id = models.CharField(max_length=200, primary_key=True)
    order_id = models.UUIDField()
    state = models.CharField(max_length=10)
    heard_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.id}: {self.state}"


class DeadLetter(models.Model):
    """A message of the buffer that can never become an order as it is, kept for ops to decide."""

    class State(models.TextChoices):
        WAITING = "waiting"
        REPLAYED = "replayed"
        DISCARDED = "discarded"

    message_id = models.CharField(max_length=100, unique=True)
    body = models.TextField()
    reason = models.TextField()
    came_as = models.TextField(blank=True, default="", db_default="")  # before it was first edited
    order_id = models.UUIDField(null=True, blank=True, db_index=True)  # empty: too broken to tell
    units_returned = models.PositiveIntegerField(null=True, blank=True)  # empty: nobody's claim, or kept
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    holds = models.BooleanField(default=False, db_default=False)  # units of a closed sale are kept for it
    received_at = models.DateTimeField(db_default=Now())
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-received_at",)

    def __str__(self) -> str:
        return f"{self.message_id}: {self.reason}"
