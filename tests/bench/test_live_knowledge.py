"""The judge of the live benches sees what is wrong: figures of "no gaps" are worth as much as it is."""

import json

import pytest
from msgspec import Raw

from bench.live_knowledge import Knowledge
from live.frames import Frame
from live.messages import Position, Snapshot, Update


def make_frame(kind, *, offset, version=None, epoch="e1"):
    value = json.dumps({"sku": "LAMP", "version": version or offset}).encode()
    return Frame(kind("product:lamp", Position(epoch, offset), {"LAMP": Raw(value)})).raw


def knows(offset):
    begin = Knowledge("product:lamp", counts=True)
    return begin.step(make_frame(Snapshot, offset=offset)).knows


@pytest.mark.parametrize(
    ("frame", "verdict"),
    [
        (make_frame(Update, offset=6), ""),
        (make_frame(Update, offset=9), ""),
        (make_frame(Update, offset=5), "twice"),
        (make_frame(Update, offset=6, version=5), "twice"),
        (make_frame(Update, offset=4), "backwards"),
        (make_frame(Update, offset=6, version=4), "backwards"),
        (make_frame(Update, offset=7, version=6), "gap"),
        (make_frame(Update, offset=6, epoch="e2"), "gap"),
        (make_frame(Snapshot, offset=5), ""),
        (make_frame(Snapshot, offset=1, epoch="e2"), ""),
        (make_frame(Snapshot, offset=4), "backwards"),
    ],
)
def test_judges_what_one_is_told_who_knows_version_5(frame, verdict):
    assert knows(5).step(frame).verdict == verdict


def test_those_who_know_the_same_share_what_follows():
    begin = Knowledge("product:lamp", counts=True)
    straight = begin.step(make_frame(Snapshot, offset=2)).knows

    by_steps = begin.step(make_frame(Snapshot, offset=1)).knows.step(make_frame(Update, offset=2)).knows

    assert by_steps is straight


def test_a_viewer_asks_to_go_on_from_where_it_stands():
    question = knows(5).question

    assert json.loads(question[question.index(b"{") :])["rooms"] == [
        {"room": "product:lamp", "position": {"epoch": "e1", "offset": 5}}
    ]
