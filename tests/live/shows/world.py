"""A show of a lamp and a desk."""

from datetime import UTC, datetime, timedelta

from live.models import Show, ShowProduct
from tests.orders.conftest import make_sku

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
ENDS = {"ended_at": NOON + timedelta(hours=1)}
TIMES = {"scheduled": {}, "live": {"went_live_at": NOON}, "ended": {"went_live_at": NOON} | ENDS}


def make_show(slug="tailrace", *, status="scheduled", skus=("LAMP", "DESK")):
    show = Show.objects.create(
        slug=slug,
        title="Night at the tailrace",
        host="Ada",
        hls_url=f"/media/shows/{slug}/index.m3u8",
        starts_at=NOON,
        status=status,
        **TIMES[status],
    )
    for position, code in enumerate(skus):
        add(show, make_sku(code).product, position)
    return show


def add(show, product, position=0):
    return ShowProduct.objects.create(show=show, product=product, position=position)
