"""A room held in memory: what it makes of the log, of gaps, and of positions."""

import json

import pytest
from msgspec import Raw

from live import mirror
from live.messages import Position


def lamp(version, status="in_stock"):
    return {"LAMP": Raw(json.dumps({"status": status, "version": version}).encode())}


def make_mirror(*, offset=5, version=5, epoch="e1", log=()):
    return mirror.Mirror("product:lamp", mirror.Stored(epoch, offset, lamp(version), log))


def versions(frame):
    message = json.loads(frame.text)
    values = message.get("state") or message.get("changes") or {}
    return {name: value["version"] for name, value in values.items()}


def shown(room):
    return {name: json.loads(bytes(value))["version"] for name, value in room.show().items()}


class TestIsCutOff:
    @pytest.mark.parametrize("position", [None, ("e2", 5), ("e1", 4)])
    def test_where_the_store_is_another_or_was_set_back(self, position):
        assert make_mirror(offset=5).is_cut_off(position)

    def test_not_by_entries_that_are_on_their_way(self):
        room = make_mirror(offset=5)

        assert not room.is_cut_off(("e1", 6))
        room.take(6, lamp(6))
        assert not room.is_cut_off(("e1", 7))

    def test_by_entries_that_do_not_come(self):
        room = make_mirror(offset=5)

        assert [room.is_cut_off(("e1", 7)) for _ in range(2)] == [False, True]


class TestTake:
    def test_shows_the_latest_of_each_name_once(self):
        room = make_mirror()

        room.take(6, lamp(6))
        room.take(7, lamp(7))

        assert shown(room) == {"LAMP": 7}
        assert (room.position.offset, room.has_news) == (7, False)
        assert versions(room.snapshot()) == {"LAMP": 7}

    def test_newcomers_get_what_was_shown_and_the_rest_with_everybody_else(self):
        room = make_mirror()
        room.take(6, lamp(6))

        assert versions(room.snapshot()) == {"LAMP": 5}
        assert shown(room) == {"LAMP": 6}

    def test_passes_over_what_it_knows(self):
        room = make_mirror(offset=5)

        room.take(5, lamp(1))

        assert not room.has_news

    def test_a_missing_entry_is_a_gap(self):
        with pytest.raises(mirror.Gap):
            make_mirror(offset=5).take(7, lamp(7))

    @pytest.mark.parametrize(
        ("status", "urgent"), [("in_stock", False), ("sold_out", True), ("on_sale", True)]
    )
    def test_only_a_changed_status_is_urgent(self, status, urgent):
        room = make_mirror()

        room.take(6, lamp(6, status))

        assert room.is_urgent is urgent

    def test_values_without_a_status_are_not_urgent(self):
        room = make_mirror()

        room.take(6, {"pin": Raw(b'"LAMP"'), "count": Raw(b"3")})

        assert room.is_urgent is False


class TestRefresh:
    def test_a_gap_within_an_epoch_is_filled_with_what_differs(self):
        room = make_mirror(offset=5)

        continued = room.refresh(mirror.Stored("e1", 900, lamp(900) | {"NEW": Raw(b'{"version": 1}')}))

        assert continued
        assert shown(room) == {"LAMP": 900, "NEW": 1}

    @pytest.mark.parametrize(
        ("epoch", "offset", "state", "why"),
        [
            ("e2", 9, lamp(9), "another epoch"),
            ("e1", 4, lamp(4), "the store went back"),
            ("e1", 9, {}, "a name is gone, and no update can say so"),
        ],
    )
    def test_anything_else_is_a_new_beginning(self, epoch, offset, state, why):
        room = make_mirror(offset=5)
        room.take(6, lamp(6))

        assert not room.refresh(mirror.Stored(epoch, offset, state)), why
        assert json.loads(room.snapshot().text)["position"] == {"epoch": epoch, "offset": offset}
        assert not room.has_news


class TestAnswer:
    LOG = tuple((offset, lamp(offset)) for offset in (3, 4, 5))

    def answer(self, room, epoch, offset):
        return json.loads(room.answer(Position(epoch, offset)).text)

    @pytest.mark.parametrize("offset", [2, 3, 4])
    def test_fills_a_gap_that_the_log_covers(self, offset):
        answer = self.answer(make_mirror(log=self.LOG), "e1", offset)

        assert (answer["type"], answer["recovered"]) == ("update", True)
        assert answer["changes"]["LAMP"]["version"] == 5

    def test_who_missed_nothing_is_told_so(self):
        answer = self.answer(make_mirror(log=self.LOG), "e1", 5)

        assert (answer["type"], answer["changes"]) == ("update", {})

    def test_sends_only_the_names_that_changed(self):
        log = ((4, {"SHADE": Raw(b"1")}), (5, lamp(5)))
        room = mirror.Mirror("product:lamp", mirror.Stored("e1", 5, lamp(5) | {"SHADE": Raw(b"1")}, log))

        assert set(self.answer(room, "e1", 4)["changes"]) == {"LAMP"}
        assert set(self.answer(room, "e1", 3)["changes"]) == {"LAMP", "SHADE"}

    @pytest.mark.parametrize(
        ("epoch", "offset", "why"),
        [("e1", 1, "trimmed"), ("e0", 5, "another epoch"), ("e1", 6, "from the future")],
    )
    def test_anything_else_is_a_whole_snapshot(self, epoch, offset, why):
        assert self.answer(make_mirror(log=self.LOG), epoch, offset)["type"] == "snapshot", why

    def test_a_log_that_does_not_reach_the_state_recovers_nobody(self):
        room = make_mirror(offset=9, log=self.LOG)

        assert self.answer(room, "e1", 5)["type"] == "snapshot"

    def test_counts_what_it_has_shown_itself(self):
        room = make_mirror(offset=5)
        room.take(6, lamp(6))
        room.show()

        assert self.answer(room, "e1", 5)["changes"]["LAMP"]["version"] == 6
        assert self.answer(room, "e1", 4)["type"] == "snapshot"
