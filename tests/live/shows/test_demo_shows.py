"""The demo's shows as they are planted: the recorded one, and the next."""

from datetime import timedelta

import pytest

from live.demo import placing, seeding, storyboard
from live.models import Show
from live.shows import airing
from tests.live.shows.world import NOON
from tests.orders.conftest import make_sku

pytestmark = pytest.mark.django_db
BOARD = storyboard.read()


@pytest.fixture(autouse=True)
def shop(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    for slug in BOARD.products:
        make_sku(slug.upper())


def test_the_recorded_one_has_its_pins_and_moments_where_its_film_changes():
    assert seeding.seed_recorded()
    show = Show.objects.get(slug=BOARD.slug)

    assert [(pin.at, pin.product and pin.product.slug) for pin in show.pins.all()] == [
        (at, scene.product) for at, scene in BOARD.timed()
    ]
    assert [moment.title for moment in show.moments.all()] == [
        each.moment for each in BOARD.scenes if each.moment
    ]
    assert show.products.count() == len(BOARD.products)


def test_done_again_leaves_alone_what_was_changed():
    seeding.seed_recorded()
    Show.objects.update(title="Another")

    assert not seeding.seed_recorded()
    assert Show.objects.get(slug=BOARD.slug).title == "Another"


def test_the_next_one_stays_planned_and_moves_on_until_it_is_live():
    show = seeding.plan(now=NOON)
    later = seeding.plan(now=NOON + timedelta(days=1))

    assert later.pk == show.pk
    assert Show.objects.get(pk=show.pk).starts_at > NOON + timedelta(days=1)
    assert show.hls_url == placing.live_address(show.slug)


def test_after_one_was_live_another_is_planned_under_a_free_name():
    first = seeding.plan(now=NOON)
    airing.go_live(first.slug, now=NOON)
    second = seeding.plan(now=NOON)
    airing.go_live(second.slug, now=NOON)
    first.delete()

    assert second.slug == f"{first.slug}-2"
    assert seeding.plan(now=NOON).slug == first.slug
