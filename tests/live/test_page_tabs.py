"""Several tabs of one browser: one socket, and somebody who has it."""

import pytest
from playwright.sync_api import expect

from tests.live.site import LAMP, available, eventually, page_of, show
from tests.live.world import make_value

pytestmark = pytest.mark.slow

LEADS = "Boolean(spillwayLive.tabs.leader)"
# A page does nothing else while it waits for this answer.
HANG = """setTimeout(() => {
    const request = new XMLHttpRequest();
    request.open("GET", "/hang/", false);
    request.send();
})"""
# What it does each so many seconds, a page with `isHurried` does twenty times as often.
HURRY = """() => {
    const every = setInterval;
    window.setInterval = (act, pause) => {
        let turn = 0;
        return every(() => (window.isHurried || (turn += 1) % 20 === 0) && act(), pause / 20);
    };
}"""


@pytest.fixture
def tabs(visit, page):
    """Three tabs of which the first leads."""
    expect_leader(page)
    return [page, visit(beside=page), visit(beside=page)]


def expect_leader(page):
    page.wait_for_function(LEADS)


def see(tabs, number):
    for tab in tabs:
        expect(available(tab)).to_have_text(str(number))


class TestOneSocket:
    def test_serves_all_tabs(self, tabs, site):
        show(version=2, available=33)

        see(tabs, 33)

        assert site.ear.open == len(site.ear.said) == 1
        assert [tab.evaluate(LEADS) for tab in tabs] == [True, False, False]

    def test_asks_for_a_room_once_however_many_tabs_show_it(self, tabs, site):
        show(version=2, available=33)
        see(tabs, 33)

        assert len(site.ear.heard("subscribe")) == 1

    def test_leaves_what_no_tab_shows_any_more(self, visit, page, site):
        show(make_value(product="desk"))
        expect_leader(page)
        site.door.page = page_of(LAMP.replace("product:lamp", "product:desk"))
        other = visit(beside=page)
        eventually(lambda: "product:desk" in str(site.ear.said))

        other.close()

        eventually(lambda: site.ear.heard("unsubscribe"))
        assert site.ear.heard("unsubscribe")[0]["rooms"] == [{"room": "product:desk"}]


class TestViewers:
    def test_says_how_many_browsers_look_and_nothing_to_one_who_is_alone(self, tabs, visit, site):
        said = [tab.locator("[data-live=viewers]") for tab in tabs]
        eventually(lambda: "viewers" in str(site.ear.said))
        for words in said:
            expect(words).to_be_hidden()

        other = visit()
        for words in said:
            expect(words).to_have_text("2 people are looking at this now")
        other.close()

        for words in said:
            expect(words).to_be_hidden()

    def test_does_not_count_a_page_that_nobody_looks_at(self, page, site):
        eventually(lambda: site.ear.heard("subscribe"))

        page.evaluate(
            """() => {
                Object.defineProperty(document, "hidden", { value: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )

        eventually(lambda: len(site.ear.heard("subscribe")) == 2)
        said = [message["rooms"][0].get("viewers") for message in site.ear.heard("subscribe")]
        assert said == [True, None]


class TestLeader:
    def test_that_is_closed_is_followed_by_another_that_goes_on_from_its_position(self, tabs, site):
        show(version=2, available=33)
        see(tabs, 33)

        tabs[0].close()
        show(version=3, available=17)

        see(tabs[1:], 17)
        eventually(lambda: site.ear.open == 1)
        assert site.ear.heard("subscribe")[1]["rooms"][0]["position"]["offset"] >= 2

    def test_that_is_frozen_lets_another_lead(self, tabs, site):
        tabs[0].evaluate("document.dispatchEvent(new Event('freeze'))")
        show(version=2, available=33)
        see(tabs[1:], 33)

        tabs[0].evaluate("document.dispatchEvent(new Event('resume'))")

        see(tabs, 33)
        eventually(lambda: site.ear.open == 1)

    def test_that_hangs_loses_the_lead(self, visit, site):
        show(version=1)
        first = visit(before=HURRY)
        expect_leader(first)
        others = [visit(beside=first) for _ in range(2)]

        # It holds the lock, and its socket is open: only its silence tells.
        first.evaluate(HANG)
        eventually(lambda: site.door.is_waited_at)
        show(version=2, available=33)
        others[0].evaluate("window.isHurried = true")

        see(others, 33)
        site.door.hung.set()
        see([first], 33)


class TestAlone:
    def test_each_has_a_socket_where_the_browser_has_no_locks(self, visit, site, browser):
        show(version=1)
        context = browser.new_context()
        context.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
        pages = [context.new_page() for _ in range(2)]
        for page in pages:
            page.goto(f"http://127.0.0.1:{site.port}/")

        show(version=2, available=33)
        see(pages, 33)

        assert site.ear.open == 2
        context.close()

    def test_a_tab_whose_rooms_are_too_many_for_one_connection_has_its_own(self, visit, site):
        show(*[make_value(product=f"lamp-{number}") for number in range(120)])
        lamps = [LAMP.replace("product:lamp", f"product:lamp-{number}") for number in range(120)]
        site.door.page = page_of("".join(lamps[:60]))
        first = visit()
        expect_leader(first)
        site.door.page = page_of("".join(lamps[60:]))
        second = visit(beside=first)

        show(*[make_value(product=f"lamp-{number}", version=2, available=33) for number in (5, 115)])

        for page in (first, second):
            expect(page.get_by_text("33", exact=True)).to_have_count(1)
        assert site.ear.open == 2
