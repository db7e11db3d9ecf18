"""What is due at a playhead: static/js/show/timeline.js, run where it runs, in a browser."""

import base64
import json

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow

MODULE = settings.BASE_DIR / "static" / "js" / "show" / "timeline.js"
# Instants of the program, in milliseconds: the lamp is pinned at 10 s, the desk at 40 s, nothing at 70 s.
PINS = [
    {"name": "pin:9", "at": 10_000, "known": 0, "product": "lamp"},
    {"name": "pin:10", "at": 40_000, "known": 0, "product": "desk"},
    {"name": "pin:11", "at": 70_000, "known": 0, "product": None},
]


@pytest.fixture(scope="module")
def run(browser):
    """Evaluate an expression of the module's functions, with these values beside them."""
    source = "data:text/javascript;base64," + base64.b64encode(MODULE.read_bytes()).decode()
    page = browser.new_page()

    def run(expression, **values):
        names = ", ".join(values)
        body = f"import({json.dumps(source)}).then((timeline) => (({{{names}}}) => {expression})(values))"
        return page.evaluate(f"(values) => {body}", values)

    return run


def at(playhead, *, now=0, replay=False):
    return {"playhead": playhead, "now": now, "isReplay": replay}


class TestPinned:
    @pytest.mark.parametrize(
        ("playhead", "product"),
        [(9_999, None), (10_000, "lamp"), (39_999, "lamp"), (40_000, "desk"), (70_000, None)],
    )
    def test_is_what_was_pinned_at_the_playhead(self, run, playhead, product):
        assert run("timeline.pinned(pins, moment)", pins=PINS, moment=at(playhead)) == product

    def test_waits_thirty_seconds_at_most_in_a_live_show(self, run):
        late = [PINS[0], PINS[1] | {"known": 5_000}]

        assert run("timeline.pinned(pins, moment)", pins=late, moment=at(12_000, now=34_999)) == "lamp"
        assert run("timeline.pinned(pins, moment)", pins=late, moment=at(12_000, now=35_000)) == "desk"

    def test_waits_as_long_as_it_takes_in_a_replay(self, run):
        moment = at(12_000, now=3_600_000, replay=True)

        assert run("timeline.pinned(pins, moment)", pins=PINS, moment=moment) == "lamp"

    def test_applies_at_once_without_a_video_and_not_while_one_is_about_to_come(self, run):
        pins = PINS[:2]
        ask = "timeline.pinned(pins, { playhead: timeline.%s, now: 0, isReplay: false })"

        assert run(ask % "NO_VIDEO", pins=pins) == "desk"
        assert run(ask % "TUNING_IN", pins=pins) is None


class TestEntries:
    def test_come_in_the_order_of_their_instants_then_of_their_ids(self, run):
        state = {
            "pin:10": {"at": "2026-03-09T12:00:00.000Z", "product": "desk"},
            "pin:9": {"at": "2026-03-09T12:00:00.000Z", "product": "lamp"},
            "pin:11": {"at": "2026-03-09T11:59:59.999Z", "product": "desk"},
            "moment:1": {"at": "2026-03-09T12:00:00.000Z", "title": "The lamp"},
        }

        found = run("timeline.entries(state, 'pin', () => 7)", state=state)

        assert [(each["name"], each["known"]) for each in found] == [
            ("pin:11", 7),
            ("pin:9", 7),
            ("pin:10", 7),
        ]

    def test_that_were_taken_back_are_gone(self, run):
        state = {"moment:1": {"removed": True, "version": 2}}

        assert run("timeline.entries(state, 'moment', () => 0)", state=state) == []


class TestMoments:
    @pytest.mark.parametrize(("replay", "names"), [(False, ["moment:1"]), (True, ["moment:1", "moment:2"])])
    def test_of_a_replay_are_all_offered_of_a_live_show_those_that_were(self, run, replay, names):
        moments = [
            {"name": "moment:1", "at": 1_000, "known": 0},
            {"name": "moment:2", "at": 9_000, "known": 0},
        ]

        found = run("timeline.offered(moments, moment)", moments=moments, moment=at(5_000, replay=replay))

        assert [each["name"] for each in found] == names

    @pytest.mark.parametrize(("playhead", "name"), [(999, None), (1_000, "moment:1"), (9_500, "moment:2")])
    def test_the_current_one_is_the_last_that_was_reached(self, run, playhead, name):
        moments = [{"name": "moment:1", "at": 1_000}, {"name": "moment:2", "at": 9_000}]

        assert run("timeline.current(moments, playhead)", moments=moments, playhead=playhead) == name

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0, "0:00"), (-3, "0:00"), (67.9, "1:07"), (3_600, "1:00:00"), (7_265, "2:01:05")],
    )
    def test_say_how_far_into_the_show_they_are(self, run, seconds, words):
        assert run("timeline.offset(at, 5000)", at=5_000 + 1_000 * seconds) == words
