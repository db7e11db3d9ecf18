from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from orders.receivers import webhooks
from orders.receivers.models import OrderMail, State, Webhook, WebhookDelivery


class Written(admin.ModelAdmin):  # type: ignore[type-arg]
    """Written by what happened: people look at it."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]
    topics = forms.MultipleChoiceField(choices=Webhook.TOPICS, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Webhook
        fields = ("url", "topics", "secret", "active")


@admin.register(Webhook)
class Webhooks(admin.ModelAdmin):  # type: ignore[type-arg]
    form = WebhookForm
    list_display = ("url", "told_of", "active", "waiting", "failures", "resting_until")
    list_filter = ("active",)
    search_fields = ("url",)
    readonly_fields = ("failures", "resting_until")

    @admin.display(description="topics")
    def told_of(self, webhook: Webhook) -> str:
        return ", ".join(webhook.topics)

    @admin.display(description="waiting")
    def waiting(self, webhook: Webhook) -> int:
        return webhook.deliveries.filter(state=State.WAITING).count()


@admin.register(WebhookDelivery)
class WebhookDeliveries(Written):
    list_display = ("id", "happened_at", "webhook", "topic", "key", "state", "attempts", "answer_status")
    list_filter = ("state", "topic", "webhook")
    list_select_related = ("webhook",)
    search_fields = ("=key",)
    search_help_text = "A key: product:<slug>, order:<id> or sale:<id>"
    actions = ("replay",)

    @admin.action(description="Replay: send again", permissions=["view"])
    def replay(self, request: HttpRequest, deliveries: "QuerySet[WebhookDelivery]") -> None:
        for delivery in deliveries.select_related("webhook"):
            try:
                webhooks.replay(delivery, now=timezone.now())
            except webhooks.CannotReplay as error:
                messages.error(request, str(error))
            else:
                messages.success(request, f"Delivery {delivery.pk} is sent again.")


@admin.register(OrderMail)
class OrderMails(Written):
    list_display = ("id", "written_at", "order", "status", "state", "attempts", "sent_at", "error")
    list_filter = ("state", "status")
    search_fields = ("=order__id", "order__email")
    search_help_text = "An order's id, or an e-mail address"
