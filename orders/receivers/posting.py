"""Requests to one endpoint: a few at a time, and none that could go anywhere but there."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import aiohttp
from django.core.exceptions import ValidationError

from orders.receivers import signing
from orders.receivers.addresses import check_url
from orders.receivers.models import Webhook, WebhookDelivery
from orders.receivers.webhooks import Answer

AT_ONCE = 5
TIMEOUT = aiohttp.ClientTimeout(total=10)
# Of an answer, for the log.
KEPT_BYTES = 500


def post(webhook: Webhook, deliveries: Sequence[WebhookDelivery], *, now: datetime) -> list[Answer]:
    """What the endpoint answered to each, in their order. Takes two time-outs or so at most."""
    try:
        # Once more: not every row went through the admin's form.
        check_url(webhook.url)
    except ValidationError as error:
        return [Answer(None, str(error.message))] * len(deliveries)
    return asyncio.run(_post_all(webhook, deliveries, now))


async def _post_all(webhook: Webhook, deliveries: Sequence[WebhookDelivery], now: datetime) -> list[Answer]:
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session:
        return await asyncio.gather(*(_post(session, webhook, each, now) for each in deliveries))


async def _post(
    session: aiohttp.ClientSession, webhook: Webhook, delivery: WebhookDelivery, now: datetime
) -> Answer:
    content = signing.body(delivery)
    headers = signing.headers(delivery, content, secret=webhook.secret, now=now)
    try:
        # Where it redirects to was not written down by anybody of ours.
        async with session.post(webhook.url, data=content, headers=headers, allow_redirects=False) as reply:
            text = await reply.content.read(KEPT_BYTES)
            # PostgreSQL's text holds no NUL.
            return Answer(reply.status, text.decode(errors="replace").replace("\0", ""))
    # The last one: an address that only turns out to be none when it is looked up.
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Answer(None, f"{type(error).__name__}: {error}".rstrip(": ")[:KEPT_BYTES])
