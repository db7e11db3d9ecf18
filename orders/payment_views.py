"""Where the payment provider tells us what happened. The signature stands for a session."""

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import payment_events, providers
from orders.payments import BadEvent, BadSignature

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024


@csrf_exempt
@require_POST
def events(request: HttpRequest, name: str) -> HttpResponse:
    # Only the one that was chosen is believed: the sandbox's word is worth no money.
    if name != settings.PAYMENT_PROVIDER:
        raise Http404("no such provider here")
    provider = providers.chosen()
    try:
        body = request.read(MAX_BODY)
        is_new = payment_events.hear(provider, body, request.headers, now=timezone.now())
    except BadSignature as error:
        logger.warning("Somebody who is not the payment provider told us of a payment: %s", error)
        return JsonResponse({"error": str(error)}, status=401)
    except BadEvent as error:
        return JsonResponse({"error": str(error)}, status=400)
    # A repeat is answered like the first time, or it would be sent for ever.
    return JsonResponse({"is_new": is_new})
