"""What hosts do to a show, each act once, in turn, told to its viewers; and at the same moment."""

from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest

from live.models import KeyMoment, Pin, Show
from live.shows import airing, editing, marking, pinning, pricing
from live.shows.turns import CannotChange, UnknownShow
from orders.relay import relay_once
from shop import stock
from shop.models import OutboxEvent, Product, Sku
from tests.live.shows.world import NOON, make_show
from tests.live.world import StoredRoom
from tests.orders.conftest import make_sale
from tests.orders.racing import race

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def room(store):
    return StoredRoom(store, "show:tailrace")


def told():
    return [(event.payload["name"], event.payload["value"]) for event in OutboxEvent.objects.order_by("id")]


class TestGoingLive:
    def test_is_told_to_who_waits_for_it(self, room):
        make_show()

        airing.go_live("tailrace", now=NOON)
        relay_once()

        show = Show.objects.get()
        assert (show.status, show.went_live_at, show.version) == ("live", NOON, 2)
        assert room.state["show"]["status"] == "live"
        assert room.state["show"]["went_live_at"] == "2026-03-09T12:00:00.000Z"

    def test_twice_is_once(self):
        make_show()
        airing.go_live("tailrace", now=NOON)

        airing.go_live("tailrace", now=LATER)

        assert Show.objects.get().went_live_at == NOON
        assert len(told()) == 1

    def test_of_a_show_that_is_over_is_refused(self):
        make_show(status="ended")

        with pytest.raises(CannotChange, match="plan another"):
            airing.go_live("tailrace", now=LATER)

    def test_of_no_show_is_refused(self):
        with pytest.raises(UnknownShow):
            airing.go_live("tailrace", now=NOON)


class TestEnding:
    def test_is_told_and_stays(self, show, room):
        airing.end("tailrace", now=LATER)
        airing.end("tailrace", now=LATER + timedelta(minutes=1))
        relay_once()

        assert Show.objects.get().ended_at == LATER
        assert (room.state["show"]["status"], room.state["show"]["version"]) == ("ended", 2)

    def test_before_it_began_is_refused(self):
        make_show()

        with pytest.raises(CannotChange, match="not live yet"):
            airing.end("tailrace", now=NOON)

    def test_nothing_is_pinned_afterwards(self, show):
        airing.end("tailrace", now=LATER)

        with pytest.raises(CannotChange, match="is over"):
            pinning.pin("tailrace", "lamp", now=LATER)

    def test_its_stock_goes_on(self, show, room):
        airing.end("tailrace", now=LATER)
        relay_once()

        stock.take(sku_id=Sku.objects.get(code="LAMP").pk, quantity=1, order_id="0" * 32)
        relay_once()

        assert StoredRoom(room.store, "product:lamp").state["LAMP"]["available"] == 2


class TestPinning:
    def test_is_told_with_its_instant(self, show, room):
        pinning.pin("tailrace", "lamp", now=LATER)
        relay_once()

        (pin,) = [value for name, value in room.state.items() if name.startswith("pin:")]
        assert pin == {"at": "2026-03-09T12:05:00.000Z", "product": "lamp", "version": 1}

    def test_of_what_is_pinned_changes_nothing(self, show):
        first = pinning.pin("tailrace", "lamp", now=LATER)

        assert pinning.pin("tailrace", "lamp", now=LATER + timedelta(seconds=9)) == first
        assert len(told()) == 1

    def test_nothing_takes_it_down(self, show):
        pinning.pin("tailrace", "lamp", now=LATER)
        pinning.unpin("tailrace", now=LATER + timedelta(seconds=9))
        pinning.unpin("tailrace", now=LATER + timedelta(seconds=10))

        assert [value["product"] for _, value in told()] == ["lamp", None]

    def test_of_what_the_show_does_not_have_is_refused(self, show):
        with pytest.raises(CannotChange, match="none of the products"):
            pinning.pin("tailrace", "boat", now=LATER)

    def test_before_going_live_is_refused(self):
        make_show()

        with pytest.raises(CannotChange, match="Go live first"):
            pinning.pin("tailrace", "lamp", now=NOON)

    def test_who_pins_later_is_pinned_later_whatever_their_clock_says(self, show):
        first = pinning.pin("tailrace", "lamp", now=LATER)
        second = pinning.pin("tailrace", "desk", now=LATER - timedelta(seconds=3))

        assert second.at > first.at


@pytest.mark.django_db(transaction=True)
class TestTwoHosts:
    def test_the_race_is_real_without_a_turn(self, show, store):
        both_looked = Barrier(2)

        def pin_carelessly():
            lamp = Product.objects.get(slug="lamp")
            is_pinned = show.pins.filter(product=lamp).exists()
            both_looked.wait(10)
            if not is_pinned:
                Pin.objects.create(show=show, product=lamp, at=LATER)

        race(pin_carelessly, pin_carelessly)

        assert Pin.objects.count() == 2

    def test_pinning_the_same_at_once_pins_once(self, show, store):
        both_press = Barrier(2)

        def pin():
            both_press.wait(10)
            return pinning.pin("tailrace", "lamp", now=LATER).pk

        assert len(set(race(pin, pin))) == 1
        assert Pin.objects.count() == 1

    def test_pinning_two_things_at_once_pins_one_after_the_other_for_everybody(self, show, room):
        both_press = Barrier(2)

        def pin(product):
            both_press.wait(10)
            pinning.pin("tailrace", product, now=LATER)

        race(lambda: pin("lamp"), lambda: pin("desk"))
        relay_once()

        first, last = Pin.objects.all()
        assert first.at < last.at
        shown = [value for name, value in room.state.items() if name.startswith("pin:")]
        assert max(shown, key=lambda pin: pin["at"])["product"] == last.product.slug

    def test_a_pin_never_comes_after_the_end(self, show, store):
        both_press = Barrier(2)

        def end():
            both_press.wait(10)
            return airing.end("tailrace", now=LATER)

        def pin():
            both_press.wait(10)
            try:
                return pinning.pin("tailrace", "lamp", now=LATER)
            except CannotChange:
                return None

        race(end, pin)

        names = [name.partition(":")[0] for name, _ in told()]
        assert names in (["show"], ["pin", "show"])


class TestMarking:
    def test_is_told_with_its_instant_and_title(self, show, room):
        marking.mark("tailrace", "  The first \n fish ", now=LATER)
        relay_once()

        (moment,) = [value for name, value in room.state.items() if name.startswith("moment:")]
        assert moment == {"at": "2026-03-09T12:05:00.000Z", "title": "The first fish", "version": 1}

    def test_taken_back_only_that_is_told(self, show, room):
        moment = marking.mark("tailrace", "Oops", now=LATER)

        marking.remove("tailrace", moment.pk)
        marking.remove("tailrace", moment.pk)
        relay_once()

        assert room.state[f"moment:{moment.pk}"] == {"version": 2, "removed": True}
        assert KeyMoment.objects.get().version == 2

    def test_of_a_show_that_is_over_says_when(self):
        make_show(status="ended")

        moment = marking.mark("tailrace", "The big one", now=NOON + timedelta(days=1), at=LATER)

        assert moment.at == LATER
        with pytest.raises(CannotChange, match="is over"):
            marking.mark("tailrace", "Now", now=NOON + timedelta(days=1))

    @pytest.mark.parametrize("at", [NOON - timedelta(seconds=1), LATER + timedelta(seconds=1)])
    def test_lies_within_the_broadcast(self, show, at):
        with pytest.raises(CannotChange, match="no instant"):
            marking.mark("tailrace", "Never", now=LATER, at=at)

    @pytest.mark.parametrize("title", ["", "  ", "\0", "x" * 81])
    def test_has_a_title_that_fits(self, show, title):
        with pytest.raises(CannotChange, match="1 to 80"):
            marking.mark("tailrace", title, now=LATER)


class TestChangingAPrice:
    def test_is_told_to_everybody_who_looks_at_the_product(self, show, room):
        pricing.change_price("tailrace", "LAMP", Decimal("12.50"))
        relay_once()

        assert StoredRoom(room.store, "product:lamp").state["LAMP"]["price"] == "12.50"

    def test_of_what_is_on_the_fast_path_is_refused_and_says_what_to_do(self, show):
        make_sale(Sku.objects.get(code="LAMP"), units=1)

        with pytest.raises(CannotChange, match=r"on sale at 15\.00.*Close the sale first"):
            pricing.change_price("tailrace", "LAMP", Decimal("12.50"))

        assert Sku.objects.get(code="LAMP").price == Decimal("20.00")
        assert told_of_stock() == []

    def test_of_what_the_show_does_not_have_is_refused(self, show):
        with pytest.raises(CannotChange, match="none of the SKUs"):
            pricing.change_price("tailrace", "BOAT", Decimal("1"))


def told_of_stock():
    return list(OutboxEvent.objects.filter(topic="stock.changed"))


class TestEditing:
    def test_tells_what_the_show_says_of_itself_now(self, show, room):
        Show.objects.update(title="Night at the dam")

        editing.tell("tailrace")
        relay_once()

        assert (room.state["show"]["title"], room.state["show"]["version"]) == ("Night at the dam", 2)
