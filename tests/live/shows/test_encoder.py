"""The demo's live encoder, with a real ffmpeg (`make test` brings one where there is none)."""

import re
from datetime import UTC, datetime

import pytest

from live.demo import encoder as encoding
from live.demo import ffmpeg
from live.demo.encoder import CannotEncode, Encoder

pytestmark = pytest.mark.slow


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "FIRST_SEGMENT_SECONDS", 300.0)
    monkeypatch.setattr(encoding, "STOP_SECONDS", 60.0)
    encoder = Encoder(tmp_path)
    yield encoder
    encoder.stop()


def test_a_stream_tells_the_time_numbers_its_segments_by_it_and_gets_its_end(encoder, tmp_path):
    began = datetime.now(UTC)
    encoder.start()
    until = datetime.now(UTC)
    playlist = (tmp_path / "index.m3u8").read_text()

    first = datetime.strptime(re.search(r"DATE-TIME:(\S+)", playlist)[1], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert began <= first <= until
    segment = re.search(r"^(\d+)\.m4s$", playlist, re.M)[1]
    assert int(began.timestamp()) <= int(segment) <= until.timestamp()
    assert (tmp_path / f"{segment}.m4s").stat().st_size > 1000
    assert (tmp_path / re.search(r'MAP:URI="(.+?)"', playlist)[1]).exists()
    assert "ENDLIST" not in playlist

    encoder.stop()
    assert (tmp_path / "index.m3u8").read_text().endswith("#EXT-X-ENDLIST\n")


def test_one_that_dies_says_so(encoder, tmp_path, monkeypatch):
    liar = tmp_path / "ffmpeg"
    liar.write_text("#!/bin/sh\necho 'no such codec' >&2\nexit 3\n")
    liar.chmod(0o755)
    monkeypatch.setenv("FFMPEG", str(liar))

    with pytest.raises(CannotEncode, match="status 3: no such codec"):
        encoder.start()


def test_without_its_clock_it_ends_by_itself(encoder, monkeypatch):
    """As when the command beside it was killed."""
    # At any pace: what the clock had told already is not waited for, second by second.
    command = encoding.command
    monkeypatch.setattr(encoding, "command", lambda *film, began: without_pace(command(*film, began=began)))
    encoder.start()
    encoder._clock.stop()

    with pytest.raises(CannotEncode, match="ended with status 0"):
        for _ in range(600):
            encoder.watch(0.2)


def without_pace(command):
    return [word for word in command if word != "-re"]


def test_that_there_is_none_is_said_with_what_to_do(monkeypatch):
    monkeypatch.delenv("FFMPEG", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)

    with pytest.raises(ffmpeg.NoFfmpeg, match="make show"):
        ffmpeg.find()
