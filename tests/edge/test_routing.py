"""CloudFront's path pattern rules, as the shared examples say them and as a slow reference does."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge import routing
from edge.routing import FAIL_OPEN, PERMANENT, BadTable, Behavior, Origin, Table

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "routing.json").read_text())
TABLES = {name: routing.from_json(json.dumps(table)) for name, table in VECTORS["tables"].items()}

PATTERNS = st.text(alphabet="ab/*?.", min_size=1, max_size=8)
PATHS = st.text(alphabet="ab/.", max_size=10).map(lambda rest: f"/{rest}")


def matches_slowly(pattern, path):
    """The rules as one reads them: a sign at a time, no regular expression."""
    if not pattern:
        return not path
    if pattern[0] == "*":
        return any(matches_slowly(pattern[1:], path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and pattern[0] in ("?", path[0]) and matches_slowly(pattern[1:], path[1:])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["why"])
def test_the_shared_examples(case):
    route = routing.choose(TABLES[case["table"]], case["path"])

    assert route.origin == case["origin"]
    assert route.path == case.get("asks", case["path"])


def test_every_example_says_why_and_only_once():
    whys = [case["why"] for case in VECTORS["cases"]]

    assert all(whys)
    assert len(set(whys)) == len(whys)


class TestMatches:
    @given(PATTERNS, PATHS)
    @example("/a*", "/a\n")
    def test_agrees_with_the_slow_reference(self, pattern, path):
        with_slash = pattern if pattern.startswith("/") else f"/{pattern}"

        assert routing.matches(pattern, path) is matches_slowly(with_slash, path)

    @given(PATTERNS.filter(lambda pattern: not pattern.startswith("/")), PATHS)
    def test_takes_a_pattern_with_and_without_its_slash_for_the_same(self, pattern, path):
        assert routing.matches(pattern, path) is routing.matches(f"/{pattern}", path)


class TestChoose:
    @given(st.lists(PATTERNS, max_size=6), PATHS)
    def test_the_first_match_wins(self, patterns, path):
        behaviors = [
            Behavior(pattern, Origin.LIVE, rewrite=f"/{place}") for place, pattern in enumerate(patterns)
        ]
        clean = routing.normalise(path)

        route = routing.choose(Table(1, (*behaviors, Behavior("*", Origin.WEB))), path)

        places = [place for place, pattern in enumerate(patterns) if routing.matches(pattern, clean)]
        assert route.path == (f"/{places[0]}" if places else path)

    def test_one_product_moves_and_no_other(self):
        sale = routing.sale_behaviors(category="rods", product="muskie-casting-rod", build="b7")
        before, during = FAIL_OPEN, Table(2, (*sale, *PERMANENT))
        paths = [case["path"] for case in VECTORS["cases"]]

        moved = {path for path in paths if routing.choose(before, path) != routing.choose(during, path)}

        assert moved
        assert all("muskie-casting-rod" in routing.normalise(path) for path in moved)


class TestNormalise:
    @given(st.text())
    @example("/%%341")
    @example("/%25%34%31")
    def test_changes_nothing_the_second_time(self, path):
        once = routing.normalise(path)

        assert routing.normalise(once) == once

    @given(st.text())
    def test_leaves_printable_ascii_without_dots_or_double_slashes(self, path):
        clean = routing.normalise(path)

        assert re.fullmatch(r"/[!-~]*", clean)
        assert "//" not in clean
        assert not {".", ".."} & set(clean.split("/"))

    def test_takes_bytes_that_are_not_utf_8(self):
        path = b"/media/\xff.svg".decode("utf-8", "surrogateescape")

        assert routing.normalise(path) == "/media/%FF.svg"


class TestTable:
    def test_comes_back_from_its_json(self):
        table = Table(7, (Behavior("/a/", Origin.MINISITE, rewrite="/_mini/b/a/index.html"), *PERMANENT))

        assert routing.from_json(routing.to_json(table)) == table

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            "null",
            '{"version": 1}',
            '{"version": "1", "behaviors": []}',
            '{"version": true, "behaviors": []}',
            '{"version": 1, "behaviors": [1]}',
            '{"version": 1, "behaviors": [{"path_pattern": "*", "origin": "moon"}]}',
            '{"version": 1, "behaviors": [{"path_pattern": "", "origin": "web"}]}',
            '{"version": 1, "behaviors": [{"path_pattern": 1, "origin": "web"}]}',
            '{"version": 1, "behaviors": [{"path_pattern": "*", "origin": "web", "rewrite": 1}]}',
            '{"version": 1, "behaviors": [{"path_pattern": "*", "origin": "web", "rewrite": "x"}]}',
        ],
    )
    def test_is_not_read_from_anything_else(self, text):
        with pytest.raises(BadTable):
            routing.from_json(text)

    @given(st.binary(max_size=60) | st.text(max_size=60))
    def test_garbage_is_a_bad_table(self, text):
        with pytest.raises(BadTable):
            routing.from_json(text)

    def test_a_pattern_that_cloudfront_would_refuse_is_refused(self):
        with pytest.raises(ValueError, match="A-Z a-z 0-9"):
            Behavior("/größe/*", Origin.WEB)
