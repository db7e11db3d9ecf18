"""A live show in a browser: a film with pins of its instants, and what `make show` sends."""

import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from config import env
from tests.whole.conftest import clean_environment
from tests.whole.test_a_show import (
    BOARD,
    MUSKIE,
    VIDEO_MS,
    WRITE_DOWN_PINS,
    jump,
    left,
    number,
    open_show,
    pace,
    pinned,
    plays,
    words,
)  # fmt: skip

__all__ = ["open_show"]  # a fixture

pytestmark = pytest.mark.slow

MAKE_SHOW = """
from live.models import Show, ShowProduct
from shop.models import Product
show = Show.objects.create(slug={slug!r}, title="On the lake", host="Ada",
    hls_url="/media/shows/first-light/index.m3u8", starts_at={began!r}, status="live", went_live_at={began!r})
for product in Product.objects.filter(slug__in=["muskie-casting-rod", "spinning-reel"]):
    ShowProduct.objects.create(show=show, product=product)
"""
PIN = """
from live.shows import pinning
from datetime import datetime
pinning.pin({slug!r}, {product!r}, now=datetime.fromisoformat({at!r}))
"""


def test_stock_is_told_at_once_and_a_pin_waits_for_the_picture(shop, open_show):
    slug = f"lake-{uuid.uuid4().hex[:6]}"
    shop.manage("shell", "-c", MAKE_SHOW.format(slug=slug, began=BOARD.began_at.isoformat()))
    page = open_show(slug)
    plays(page)
    expect(page.locator("[data-badge]")).to_have_text("Live")
    page.evaluate(WRITE_DOWN_PINS)
    page.evaluate("document.querySelector('video').pause()")
    jump(page, 21.9)
    before = number(left(page))

    at = BOARD.began_at.replace(second=22).isoformat()
    shop.manage("shell", "-c", PIN.format(slug=slug, product="muskie-casting-rod", at=at))
    shop.eventually(lambda: page.wait_for_timeout(50) or any('"pin:' in frame for frame in page.heard))
    shop.order(MUSKIE)
    expect(left(page)).to_have_text(words(before - 1))
    assert page.evaluate("window.pins") == []
    page.evaluate("document.querySelector('video').play()")

    expect(pinned(page)).to_have_attribute("data-product", "muskie-casting-rod")
    assert 22.0 <= page.evaluate("window.pins.at(-1)[1]") < 22.8


def test_make_show_is_live_on_a_page_that_waited_until_it_is_interrupted(shop, open_show):
    slug = planned(shop)
    page = open_show(slug)
    expect(page.locator("[data-countdown]")).to_contain_text("In ")

    with encoding(slug) as encoder:
        expect(page.locator("[data-badge]")).to_have_text("Live", timeout=VIDEO_MS)
        plays(page)
        pace(page, 1)
        at = datetime.now(UTC).isoformat()
        shop.manage("shell", "-c", PIN.format(slug=slug, product="spinning-reel", at=at))
        expect(pinned(page)).to_have_attribute("data-product", "spinning-reel", timeout=90_000)
        encoder.send_signal(signal.SIGINT)
        said = encoder.communicate(timeout=120)[0]

    assert "is over, and replays" in said
    expect(page.locator("[data-badge]")).to_have_text("Replay")


def planned(shop):
    """The demo's next show."""
    return shop.ask("/api/v1/shows/?status=scheduled").json()["results"][0]["slug"]


@contextmanager
def encoding(slug):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "encode_show", slug],
        cwd=env.ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
