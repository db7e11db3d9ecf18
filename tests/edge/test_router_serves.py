"""What the router serves itself: the mini-site, static files, media."""

import gzip
import os

import pytest

from tests.edge.router_world import PAGE, SALE, origin, raw, says, world

HTML = "<!doctype html><title>Muskie Casting Rod</title>" + "<p>Going fast.</p>" * 100


@pytest.fixture
async def edge(tmp_path):
    async with origin(says("the shop's own page")) as web_url, world(tmp_path, *SALE, web=web_url) as edge:
        edge.write(f"minisite/b7{PAGE}index.html", HTML)
        edge.write("static/css/shop.css", "body { color: black }")
        edge.write("static/css/shop.0123456789ab.css", "body { color: black }")
        edge.write("media/products/muskie.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
        yield edge


class TestTheSalePage:
    async def test_is_the_built_page_at_the_shops_own_address(self, edge):
        async with edge.ask(f"{PAGE}?utm_source=mail") as answer:
            assert await answer.text() == HTML
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert answer.headers["X-Frame-Options"] == "DENY"

    async def test_is_asked_about_each_time_since_the_address_is_shared(self, edge):
        async with edge.ask(PAGE) as answer:
            assert answer.headers["Cache-Control"] == "no-cache"

    async def test_is_not_sent_again_to_those_who_have_it(self, edge):
        async with edge.ask(PAGE) as answer:
            etag = answer.headers["ETag"]
        async with edge.ask(PAGE, headers={"If-None-Match": f'"other", W/{etag}'}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
            assert answer.headers["ETag"] == etag

    async def test_is_for_ever_at_its_builds_address(self, edge):
        async with edge.ask(f"/_mini/b7{PAGE}index.html") as answer:
            assert "immutable" in answer.headers["Cache-Control"]

    async def test_comes_compressed_to_those_who_ask(self, edge):
        async with edge.ask(PAGE, headers={"Accept-Encoding": "br, gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert gzip.decompress(await answer.read()).decode() == HTML

    async def test_head_says_the_length_and_nothing_else(self, edge):
        async with edge.ask(PAGE, method="HEAD") as answer:
            assert answer.headers["Content-Length"] == str(len(HTML))
            assert await answer.read() == b""

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    async def test_takes_no_other_method(self, edge, method):
        async with edge.ask(PAGE, method=method) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
            assert answer.headers["Content-Type"] == "application/problem+json"

    async def test_a_changed_file_is_served_anew(self, edge):
        async with edge.ask(PAGE) as before:
            edge.write(f"minisite/b7{PAGE}index.html", "<!doctype html>other")
        async with edge.ask(PAGE) as answer:
            assert await answer.text() == "<!doctype html>other"
            assert answer.headers["ETag"] != before.headers["ETag"]

    async def test_that_is_lost_is_shown_by_the_shop(self, edge):
        (edge.folder / f"minisite/b7{PAGE}index.html").unlink()

        async with edge.ask(PAGE) as answer:
            assert await answer.text() == "the shop's own page"


class TestFiles:
    @pytest.mark.parametrize(
        ("path", "kind", "cache"),
        [
            ("/static/css/shop.css", "text/css; charset=utf-8", "no-cache"),
            ("/static/css/shop.0123456789ab.css", "text/css; charset=utf-8", "immutable"),
            ("/media/products/muskie.svg", "image/svg+xml; charset=utf-8", "max-age=300"),
        ],
    )
    async def test_have_their_type_and_their_time(self, edge, path, kind, cache):
        async with edge.ask(path) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == kind
            assert cache in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"

    async def test_an_uploaded_drawing_cannot_act_for_the_shop(self, edge):
        async with edge.ask("/media/products/muskie.svg") as answer:
            assert "sandbox" in answer.headers["Content-Security-Policy"]

    async def test_large_ones_come_in_ranges_too(self, edge):
        edge.write("media/shows/clip.mp4", os.urandom(3_000_000))

        async with edge.ask("/media/shows/clip.mp4", headers={"Range": "bytes=10-19"}) as answer:
            assert (answer.status, len(await answer.read())) == (206, 10)
        async with edge.ask("/media/shows/clip.mp4") as answer:
            assert answer.headers["Content-Type"] == "video/mp4"
            assert len(await answer.read()) == 3_000_000

    async def test_small_ones_come_in_ranges_too(self, edge):
        edge.write("media/shows/lake/00.m4s", bytes(range(100)))

        async with edge.ask("/media/shows/lake/00.m4s", headers={"Range": "bytes=10-19"}) as answer:
            assert (answer.status, await answer.read()) == (206, bytes(range(10, 20)))
            assert answer.headers["Content-Range"] == "bytes 10-19/100"
            assert answer.headers["Content-Length"] == "10"
        async with edge.ask("/media/shows/lake/00.m4s", headers={"Range": "bytes=-5"}) as answer:
            assert (answer.status, await answer.read()) == (206, bytes(range(95, 100)))
        async with edge.ask("/media/shows/lake/00.m4s", headers={"Range": "bytes=90-"}) as answer:
            assert answer.headers["Content-Range"] == "bytes 90-99/100"

    @pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=500-600"])
    async def test_a_range_behind_the_end_is_refused_with_the_length(self, edge, wanted):
        edge.write("media/shows/lake/00.m4s", bytes(100))

        async with edge.ask("/media/shows/lake/00.m4s", headers={"Range": wanted}) as answer:
            assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */100")

    @pytest.mark.parametrize(
        "headers",
        [{"Range": "bytes=1-2,4-5"}, {"Range": "pages=1-2"}, {"Range": "bytes=1-2", "If-Range": '"another"'}],
    )
    async def test_the_whole_is_sent_where_a_part_would_be_wrong(self, edge, headers):
        edge.write("media/shows/lake/00.m4s", bytes(100))

        async with edge.ask("/media/shows/lake/00.m4s", headers=headers) as answer:
            assert (answer.status, len(await answer.read())) == (200, 100)

    @pytest.mark.parametrize(
        ("name", "content", "kind", "cache"),
        [
            ("9a0b-00.m4s", b"x", "video/iso.segment", "max-age=31536000, immutable"),
            ("9a0b-init.mp4", b"x", "video/mp4", "max-age=31536000, immutable"),
            ("live/00.ts", b"x", "video/mp2t", "max-age=31536000, immutable"),
            ("index.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl; charset=utf-8", "max-age=1"),
            (
                "index.m3u8",
                b"#EXTM3U\n#EXT-X-ENDLIST\n",
                "application/vnd.apple.mpegurl; charset=utf-8",
                "max-age=15",
            ),
            ("poster.jpg", b"x", "image/jpeg", "max-age=300"),
        ],
    )
    async def test_a_shows_files_are_kept_as_long_as_they_stay_true(self, edge, name, content, kind, cache):
        edge.write(f"media/shows/lake/{name}", content)

        async with edge.ask(f"/media/shows/lake/{name}") as answer:
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Cache-Control"] == f"public, {cache}"

    @pytest.mark.parametrize(
        ("name", "path"),
        [("größe.css", "gr%C3%B6%C3%9Fe.css"), ("a b.css", "a%20b.css"), ("1%.css", "1%25.css")],
    )
    async def test_may_have_any_name(self, edge, name, path):
        edge.write(f"static/{name}", "x")

        async with edge.ask(f"/static/{path}") as answer:
            assert await answer.text() == "x"

    @pytest.mark.parametrize(
        "path",
        [
            "/static/..%2Fsecret.txt",
            "/static/..%2f..%2fsecret.txt",
            "/static/css/..%2F..%2Fsecret.txt",
            "/static/%2e%2e%2fsecret.txt",
            "/static/%2Fetc%2Fpasswd",
            "/static/.hidden",
            "/static/css/.%2Fshop.css",
            "/static/css%00.css",
            "/static/css",
            "/static/css/",
            "/static/",
            "/static/nothing.css",
            "/static/%FF",
            "/static/" + "a" * 3000,
            "/static/link.txt",
            "/static/folder/secret.txt",
        ],
    )
    async def test_never_lead_out_of_their_folder(self, edge, path):
        edge.write("secret.txt", "secret")
        edge.write("static/.hidden", "secret")
        (edge.folder / "static/link.txt").symlink_to(edge.folder / "secret.txt")
        (edge.folder / "static/folder").symlink_to(edge.folder)

        async with edge.ask(path) as answer:
            assert answer.status == 404
            assert b"secret" not in await answer.read()

    async def test_dots_are_resolved_before_the_origin_is_chosen(self, edge):
        answer = await raw(
            edge.url, b"GET /static/../secret.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )

        assert b"the shop's own page" in answer
