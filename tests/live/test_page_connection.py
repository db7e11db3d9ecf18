"""How a page's socket is lost and found again, in a real browser."""

import json

import pytest
from playwright.sync_api import expect

from tests.live.link import Link
from tests.live.site import available, eventually, show, watches

pytestmark = pytest.mark.slow

# A close as the browser tells of one. Then nothing of the old socket is heard any more.
CLOSED = "((code, reason) => spillwayLive.tabs.leader.connection.closed({code, reason}))"
CONNECTION = "spillwayLive.tabs.leader.connection"


@pytest.fixture
def link(site):
    with Link(site.port) as link:
        yield link


@pytest.fixture
def slow(visit):
    """A page whose clock can be moved: what it would wait for need not be waited for here."""
    show(version=1)
    return visit(clock=True)


class TestLost:
    def test_goes_on_after_the_server_was_away(self, page, site):
        watches(page)

        site.stop()
        show(version=3, available=17)
        site.start()

        expect(available(page)).to_have_text("17")
        assert site.ear.heard("subscribe")[0]["rooms"][0]["position"]

    def test_a_network_that_was_cut_is_found_out_and_made_up_for(self, visit, link):
        show(version=1)
        page = visit(port=link.port, clock=True)
        watches(page)

        link.silence()
        show(version=3, available=17)
        page.clock.fast_forward(21_000)  # Quiet for too long: it asks whether anybody is there,
        page.clock.fast_forward(6_000)  # and does not wait for ever.
        page.clock.fast_forward(4_100)

        expect(available(page)).to_have_text("17")

    def test_a_laptop_that_slept_for_an_hour_finds_its_socket_dead(self, visit, link):
        show(version=1)
        page = visit(port=link.port, clock=True)
        watches(page)

        link.silence()
        show(version=3, available=17)
        page.clock.fast_forward(3_600_000)
        page.clock.fast_forward(6_000)
        page.clock.fast_forward(4_100)

        expect(available(page)).to_have_text("17")

    def test_a_page_that_is_frozen_lets_go_and_goes_on_from_its_position(self, page, site):
        watches(page)

        # As chromium says it before it freezes a tab; it freezes none that has no window.
        page.evaluate("document.dispatchEvent(new Event('freeze'))")
        eventually(lambda: site.ear.open == 0)
        show(version=3, available=17)
        page.evaluate("document.dispatchEvent(new Event('resume'))")

        expect(available(page)).to_have_text("17")
        assert site.ear.heard("subscribe")[-1]["rooms"][0]["position"]["offset"] == 2

    def test_a_store_that_lost_its_memory_freezes_nobody(self, page, store):
        watches(page)
        show(version=900, available=5)
        expect(available(page)).to_have_text("5")

        store.flushall()
        show(version=3, available=17)

        expect(available(page)).to_have_text("17")


class TestTold:
    def test_comes_back_within_the_time_that_a_full_server_names_and_not_before(self, slow):
        watches(slow)

        is_away = slow.evaluate(
            f"""() => {{
                Math.random = () => 0.9;
                {CLOSED}(4002, JSON.stringify({{retry_within_ms: 100_000}}));
                {CONNECTION}.hurry();
                return {CONNECTION}.socket === null;
            }}"""
        )
        show(version=3, available=17)
        slow.clock.fast_forward(100_000)

        assert is_away
        expect(available(slow)).to_have_text("17")

    @pytest.mark.parametrize("code", [4400, 4403, 1009])
    def test_stays_away_where_it_is_told_to(self, page, site, code):
        watches(page)

        page.evaluate(f"{CLOSED}({code}, '')")
        page.evaluate("spillwayLive.tabs.start()")

        assert page.evaluate("spillwayLive.tabs.isEnded && !spillwayLive.tabs.leader")
        eventually(lambda: site.ear.open == 0)

    @pytest.mark.parametrize("reason", ["", "goodbye", "null", '{"retry_within_ms": "x"}'])
    def test_a_reason_that_says_nothing_is_no_hint(self, slow, reason):
        watches(slow)

        slow.evaluate(f"{CLOSED}(1012, {json.dumps(reason)})")
        show(version=3, available=17)
        slow.clock.fast_forward(4_100)

        expect(available(slow)).to_have_text("17")

    @pytest.mark.parametrize(
        ("away", "within"), [(0, 4_000), (8_000, 4_000), (20_000, 10_000), (600_000, 20_000)]
    )
    def test_waits_longer_the_longer_it_is_away_and_never_all_at_the_same_moment(self, page, away, within):
        watches(page)

        waits = page.evaluate(
            f"""(away) => {{
                const connection = {CONNECTION};
                const now = Date.now();
                Date.now = () => now; // however long these take
                return [...Array(40)].map(() => {{
                    connection.lostAt = now - away;
                    connection.lost();
                    return connection.openAt - now;
                }});
            }}""",
            away,
        )

        assert within / 2 < max(waits) <= within
        assert len({round(wait) for wait in waits}) > 20

    def test_gives_up_a_try_that_hangs(self, slow):
        watches(slow)

        opening = slow.evaluate(
            f"""() => {{
                const connection = {CONNECTION};
                connection.drop();
                connection.socket = {{ readyState: WebSocket.CONNECTING, close() {{}} }};
                const [clock, now] = [Date.now, Date.now()];
                Date.now = () => now; // however long these take
                const opening = [9_999, 10_000].map((opens) => {{
                    connection.heardAt = now - opens;
                    connection.check();
                    return Boolean(connection.socket);
                }});
                Date.now = clock;
                return opening;
            }}"""
        )
        show(version=3, available=17)
        slow.clock.fast_forward(4_100)

        assert opening == [True, False]
        expect(available(slow)).to_have_text("17")
