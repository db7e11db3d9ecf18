"""The film that the demo's recorded show plays: what is in the repository hangs together."""

import re
from datetime import datetime, timedelta

import pytest

from live.demo import clock, placing, storyboard
from shop.demo import catalogue

DATED = re.compile(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)\n#EXTINF:([\d.]+),\n(\S+)")


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


class TestFilm:
    def test_every_segment_says_when_it_was_on(self):
        board = storyboard.read()
        at = board.began_at

        for dated, seconds, name in DATED.findall((placing.FILM / "index.m3u8").read_text()):
            assert datetime.fromisoformat(dated) == at
            assert (placing.FILM / name).stat().st_size > 10_000
            at += timedelta(seconds=float(seconds))
        assert at == board.ended_at

    def test_is_small(self):
        assert sum(piece.stat().st_size for piece in placing.FILM.iterdir()) < 2_000_000


class TestStoryboard:
    def test_scenes_follow_each_other_on_the_programs_clock(self):
        board = storyboard.read()
        begins = [at for at, _ in board.timed()]

        assert begins[:2] == [board.began_at, board.began_at + timedelta(seconds=board.scenes[0].seconds)]
        assert begins[-1] < board.ended_at

    def test_shows_what_the_shop_has(self):
        sold = {product.slug for section in catalogue.read() for product in section.products}

        assert set(storyboard.read().products) <= sold


class TestPlacing:
    def test_puts_the_film_where_the_edge_serves_it(self, media):
        assert placing.place("lake") == ("/media/shows/lake/index.m3u8", "shows/lake/poster.jpg")
        assert {piece.name for piece in (media / "shows/lake").iterdir()} == {
            piece.name for piece in placing.FILM.iterdir()
        }

    def test_done_again_it_replaces_the_playlist_of_an_older_film_and_nothing_else(self, media):
        placing.place("lake")
        playlist, poster = media / "shows/lake/index.m3u8", media / "shows/lake/poster.jpg"
        playlist.write_text("#EXTM3U of last year")
        poster.write_bytes(b"another poster")

        placing.place("lake")

        assert playlist.read_bytes() == (placing.FILM / "index.m3u8").read_bytes()
        assert poster.read_bytes() == b"another poster"


class TestClock:
    def test_another_second_is_another_picture(self):
        noon = datetime(2026, 5, 16, 12)  # noqa: DTZ001

        assert len(clock.draw(noon)) == clock.WIDTH * clock.HEIGHT * 3
        assert clock.draw(noon) != clock.draw(noon + timedelta(seconds=1))
