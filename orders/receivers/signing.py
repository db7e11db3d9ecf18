"""A webhook's request, as Standard Webhooks writes and signs it (standardwebhooks.com).

The signature is over id, time and body, so none of the three can be changed, and a
request that somebody kept cannot be sent again later: its receiver looks at the time.
"""

import base64
import binascii
import hmac
import json
from datetime import datetime

from orders.receivers.models import WebhookDelivery


def body(delivery: WebhookDelivery) -> bytes:
    said = {
        "type": delivery.topic,
        "timestamp": delivery.happened_at.isoformat(),
        "data": delivery.payload,
    }
    return json.dumps(said, separators=(",", ":")).encode()


def headers(delivery: WebhookDelivery, content: bytes, *, secret: str, now: datetime) -> dict[str, str]:
    # The same for every attempt and every replay: by it, a receiver knows what it has already.
    name, moment = f"evt_{delivery.event_id}", str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Spillway",
        "Webhook-Id": name,
        "Webhook-Timestamp": moment,
        "Webhook-Signature": sign(name, moment, content, secret=secret),
    }


def sign(name: str, moment: str, content: bytes, *, secret: str) -> str:
    signed = b".".join([name.encode(), moment.encode(), content])
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def _key(secret: str) -> bytes:
    """Standard Webhooks' secrets are base64 behind a prefix; any other text is a key as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()
