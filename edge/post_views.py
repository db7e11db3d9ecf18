"""/ops/mailbox/ and /ops/webhooks/: what buyers and other programs were told. Staff only."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from orders.receivers import webhooks
from orders.receivers.models import Letter, State, Webhook, WebhookDelivery

SHOWN = 100


@staff_member_required
def mailbox(request: HttpRequest, letter_id: int | None = None) -> HttpResponse:
    """The newest letters, and one of them opened."""
    asked = request.GET.get("q", "").strip().replace("\0", "")
    letters = Letter.objects.defer("text", "html")
    if asked:
        letters = letters.filter(Q(recipients__icontains=asked) | Q(subject__icontains=asked))
    newest = letters[:SHOWN]
    if letter_id is None:
        opened = Letter.objects.filter(pk=newest[0].pk).first() if newest else None
    else:
        opened = get_object_or_404(Letter, pk=letter_id)
    context = {"letters": newest, "opened": opened, "asked": asked, "shown": SHOWN}
    return render(request, "edge/mailbox.html", context)


@staff_member_required
def webhook_log(request: HttpRequest) -> HttpResponse:
    """Every endpoint and how it does, and what was sent last, or could not be."""
    deliveries = WebhookDelivery.objects.select_related("webhook")
    state = request.GET.get("state", "")
    if state in State.values:
        deliveries = deliveries.filter(state=state)
    counts = {each.value: Count("deliveries", filter=Q(deliveries__state=each)) for each in State}
    context = {
        "webhooks": Webhook.objects.annotate(**counts),
        "deliveries": deliveries[:SHOWN],
        "states": State.choices,
        "state": state,
        "shown": SHOWN,
        "now": timezone.now(),
    }
    return render(request, "edge/webhooks.html", context)


@require_POST
@staff_member_required
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    delivery = get_object_or_404(WebhookDelivery.objects.select_related("webhook"), pk=delivery_id)
    try:
        webhooks.replay(delivery, now=timezone.now())
    except webhooks.CannotReplay as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Delivery {delivery.pk} is sent again.")
    return redirect("edge:webhooks")
