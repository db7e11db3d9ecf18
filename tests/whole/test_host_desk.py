"""The host desk and a viewer's page side by side: what the one presses, the other sees, without a reload."""

import re
import uuid

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

# A video that does not come, so nothing waits for its picture: that is tests/whole/test_a_show.py.
MAKE_SHOW = """
from django.utils import timezone
from live.models import Show, ShowProduct
from shop.models import Product
show = Show.objects.create(slug={slug!r}, title="On the lake", host="Ada",
    hls_url="/media/shows/{slug}/none.m3u8", starts_at=timezone.now())
for position, product in enumerate(["tourney-casting-rod", "spinning-reel"]):
    ShowProduct.objects.create(show=show, product=Product.objects.get(slug=product), position=position)
"""

# As the admin does when its list is saved: the baitcaster comes first, the spinning reel is out.
CHANGE_LINEUP = """
from django.db import transaction
from live.models import ShowProduct
from live.shows import editing
from shop.models import Product
with transaction.atomic():
    listed = ShowProduct.objects.filter(show__slug={slug!r})
    listed.filter(product__slug="spinning-reel").delete()
    last = listed.get()
    last.position = 1
    last.save()
    ShowProduct.objects.create(show=last.show, product=Product.objects.get(slug="baitcasting-reel"))
    editing.tell({slug!r})
"""
# The list as it stands on the page, without the mark of what changed a moment ago.
LIST = """() => document.querySelector("[data-list]").innerHTML
  .replace(/( live-changed|live-changed)/g, "").replace(/ class=""/g, "").replace(/>\\s+</g, "><").trim()"""


@pytest.fixture
def slug(shop):
    slug = f"lake-{uuid.uuid4().hex[:6]}"
    shop.manage("shell", "-c", MAKE_SHOW.format(slug=slug))
    return slug


@pytest.fixture
def log_in(shop, browser):
    """`log_in("/ops/")`: that page, as staff sees it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def open_page(path):
        page = context.new_page()
        page.goto(f"{shop.url}/admin/login/?next={path}")
        page.fill("#id_username", "admin")
        page.fill("#id_password", "admin")
        page.click("[type=submit]")
        return page

    yield open_page
    context.close()


@pytest.fixture
def desk(log_in, slug):
    page = log_in(f"/ops/shows/{slug}/")
    page.evaluate("window.stillTheSamePage = true")
    return page


@pytest.fixture
def viewer(shop, browser, slug):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{shop.url}/shows/{slug}/")
    yield page
    context.close()


def test_a_show_is_run_from_it_and_seen(desk, viewer):
    desk.get_by_role("button", name="Go live").click()
    expect(viewer.locator("[data-badge]")).to_have_text("Live")
    expect(desk.locator("[data-desk-status]")).to_have_text("live")

    desk.keyboard.press("2")
    expect(desk.locator("[data-product=spinning-reel]")).to_have_class(re.compile("is-pinned"))
    expect(viewer.locator("[data-pin] [data-product]")).to_have_attribute("data-product", "spinning-reel")

    desk.keyboard.press("m")
    desk.keyboard.type("The first fish")
    desk.keyboard.press("Enter")
    expect(desk.locator("[data-moments] li")).to_have_text(re.compile("The first fish"))
    expect(viewer.locator("[data-moments]")).to_contain_text("The first fish")

    desk.get_by_label("New price of TOURNEY-66").fill("44.99")
    desk.keyboard.press("Enter")
    expect(desk.locator("[data-said]")).to_have_text("TOURNEY-66 costs 44.99 now.")
    expect(viewer.locator("[data-list]")).to_contain_text("$44.99")

    desk.keyboard.press("0")
    expect(viewer.locator("[data-pin] [data-product]")).to_have_count(0)

    desk.get_by_text("End the show").click()
    desk.get_by_role("button", name="End it now").click()
    expect(viewer.locator("[data-badge]")).to_have_text("Replay")
    expect(desk.locator(".when-ended")).to_be_visible()
    assert desk.evaluate("window.stillTheSamePage")


def test_a_product_that_joins_is_on_every_open_page_as_on_a_new_one(desk, viewer, shop, slug):
    viewer.evaluate("window.stillTheSamePage = true")
    listed = viewer.locator("[data-list] [data-product]")
    expect(listed).to_have_count(2)
    desk.get_by_role("button", name="Go live").click()
    expect(desk.locator("[data-desk-status]")).to_have_text("live")
    desk.keyboard.press("2")
    expect(viewer.locator("[data-pin]")).to_contain_text("Spinning Reel")
    desk.get_by_label("New price of TOURNEY-66").fill("4")

    shop.manage("shell", "-c", CHANGE_LINEUP.format(slug=slug))

    names = ["Baitcasting Reel", "Tourney Casting Rod"]
    expect(listed.locator("h3")).to_have_text(names)
    expect(viewer.locator("[data-pin] [data-product]")).to_have_count(0)
    expect(desk.locator("[data-product] .about > a")).to_have_text(names)
    expect(desk.get_by_label("New price of TOURNEY-66")).to_have_value("4")
    open_page = viewer.evaluate(LIST)
    viewer.evaluate("document.activeElement.blur()")
    assert viewer.evaluate("window.stillTheSamePage")

    listed.first.get_by_role("link", name="Buy").click()
    expect(viewer.get_by_label("Which one").locator("option")).to_have_count(2)
    desk.locator("h2").click()
    desk.keyboard.press("1")
    expect(viewer.locator("[data-pin]")).to_contain_text("Baitcasting Reel")
    desk.keyboard.press("0")
    expect(viewer.locator("[data-pin] [data-product]")).to_have_count(0)

    viewer.reload()
    expect(listed).to_have_count(2)
    assert viewer.evaluate(LIST) == open_page


def test_ops_sees_this_second_without_waiting_for_the_next_look(log_in):
    sockets = log_in("/ops/").locator("[data-night-sockets]")

    expect(sockets).to_have_text(re.compile(r"^[1-9]\d*$"))
