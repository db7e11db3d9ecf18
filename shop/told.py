"""How far each receiver of the outbox has been told, and the events that it could not be told of."""

from django.db import models
from django.db.models.functions import Now


class OutboxCursor(models.Model):
    """How far one receiver has been told, and why it is not told more."""

    receiver = models.CharField(max_length=20, primary_key=True)
    position = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.receiver


class SetAside(models.Model):
    """An event that one receiver fails at whenever it is told of it, kept for ops to decide."""

    class State(models.TextChoices):
        WAITING = "waiting"
        TOLD = "told"
        SKIPPED = "skipped"

    receiver = models.CharField(max_length=20)
    # No foreign key: what was decided stays readable when the event itself is forgotten.
    event_id = models.BigIntegerField()
    position = models.BigIntegerField()
    topic = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    payload = models.JSONField()
    error = models.TextField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    set_aside_at = models.DateTimeField(db_default=Now())
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = "event set aside"
        verbose_name_plural = "events set aside"
        constraints = [
            models.UniqueConstraint(fields=["receiver", "event_id"], name="one_set_aside_for_each_receiver"),
        ]

    def __str__(self) -> str:
        return f"{self.receiver}: {self.topic} {self.key}"
