"""What is to be sent to whom, and what became of it."""

import base64
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orders.receivers.addresses import check_url
from shop import events


class State(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given_up", "given up"


class OrderMail(models.Model):
    """One mail to a buyer. There is one for each state of an order that they are told of."""

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="mails", db_index=False)
    # The order's status that it tells of.
    status = models.CharField(max_length=9)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    # None once nothing more is to be done.
    due_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "status"], name="one_mail_per_order_state")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="mails_to_send"),
            models.Index(fields=["id"], condition=Q(state="given_up"), name="mails_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.status} mail of order {self.order_id}"


class Letter(models.Model):
    """A mail as the mailbox of /ops/ keeps it, where no mail server is."""

    message_id = models.CharField(max_length=250, unique=True)
    sender = models.CharField(max_length=320)
    recipients = models.TextField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.subject


def new_secret() -> str:
    """As Standard Webhooks writes one: 24 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


class Webhook(models.Model):
    """An endpoint of somebody's that is told of what happens."""

    TOPICS = ((events.ORDER, "Orders"), (events.STOCK, "Stock and prices"), (events.SALE, "Sales"))

    url = models.CharField("URL", max_length=500, validators=[check_url])
    secret = models.CharField(
        max_length=120, default=new_secret, help_text="Signs each request; its receiver holds it too."
    )
    topics = ArrayField(models.CharField(max_length=40, choices=TOPICS))
    active = models.BooleanField(default=True, help_text="Off: nothing is sent, and nothing new is written.")
    # After requests of which none succeeded: let it rest until then, longer each time.
    failures = models.PositiveIntegerField(default=0, editable=False)
    resting_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("id",)
        constraints = [models.CheckConstraint(condition=Q(url__regex="^https?://"), name="webhook_is_http")]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one endpoint: what is to be sent, and how it went last."""

    # Looked for by the constraint and the index, which begin with it.
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    event_id = models.BigIntegerField()
    topic = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    payload = models.JSONField()
    happened_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    # What the endpoint answered last: none where it did not answer at all.
    answer_status = models.PositiveIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="one_delivery_per_event")]
        indexes = [
            models.Index(
                fields=["webhook", "key", "id"], condition=Q(state="waiting"), name="deliveries_due"
            ),
            models.Index(fields=["id"], condition=Q(state="given_up"), name="deliveries_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key} to {self.webhook_id}"
