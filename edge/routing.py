"""Which origin answers a path: CloudFront's rules, as pure functions of a table and a path.

Ordered behaviors, first match wins. A path pattern's leading slash is optional, `*` is any
run of characters including `/`, `?` exactly one, both ends are anchored, case counts.
Method, host and query string never match, so a page and its order have two URIs. The path
is normalised before it is matched, and reaches the origin as it was asked, unless the
behavior rewrites it.

Every router keeps these rules: tests/vectors/routing.json says them as examples.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any


class BadTable(ValueError):
    """The text is no routing table. The message says what is wrong with it."""


class Origin(StrEnum):
    WEB = "web"
    LIVE = "live"
    FASTPATH = "fastpath"
    MINISITE = "minisite"
    STATIC = "static"
    MEDIA = "media"


# What CloudFront lets a path pattern be made of.
_PATTERN = re.compile(r"""[A-Za-z0-9_\-.*$/~"'@:+&?]{1,255}""")


@dataclass(frozen=True, slots=True)
class Behavior:
    path_pattern: str
    origin: Origin
    rewrite: str | None = None  # the path the origin is asked for instead

    def __post_init__(self) -> None:
        if not _PATTERN.fullmatch(self.path_pattern):
            raise ValueError(
                f"path_pattern is {self.path_pattern!r}: 1 to 255 characters of "
                f"A-Z a-z 0-9 _ - . * ? $ / ~ \" ' @ : + & are allowed"
            )
        if self.rewrite is not None and not self.rewrite.startswith("/"):
            raise ValueError(f"rewrite is {self.rewrite!r}: start it with a slash")


# What is so whether or not anything is on sale. Behind every sale's behaviors, as `*` ends it.
PERMANENT = (
    Behavior("/live/*", Origin.LIVE),
    Behavior("/static/*", Origin.STATIC),
    Behavior("/media/*", Origin.MEDIA),
    Behavior("/_mini/*", Origin.MINISITE),
    Behavior("*", Origin.WEB),
)


def sale_behaviors(*, category: str, product: str, build: str) -> tuple[Behavior, ...]:
    """The behaviors of one product while its fast path is on: the page, the order, the order's status."""
    page = f"/shop/{category}/{product}/"
    return (
        Behavior(page, Origin.MINISITE, rewrite=f"/_mini/{build}{page}index.html"),
        Behavior(f"{page}order", Origin.FASTPATH),
        Behavior(f"{page}order/*", Origin.FASTPATH),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """The behaviors in order of precedence, and which version of them this is."""

    version: int
    behaviors: tuple[Behavior, ...]
    _chooser: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # One alternative per behavior, in order: the regular expression takes the first that matches,
        # and the empty group behind it says which that was.
        alternatives = "|".join(rf"{_expression(each.path_pattern)}\Z()" for each in self.behaviors)
        object.__setattr__(self, "_chooser", re.compile(alternatives or r"(?!)", re.DOTALL))

    def find(self, path: str) -> Behavior | None:
        """The first behavior that matches a normalised path."""
        match = self._chooser.match(path)
        return self.behaviors[match.lastindex - 1] if match and match.lastindex else None


@dataclass(frozen=True, slots=True)
class Route:
    origin: Origin
    path: str  # what the origin is asked for, without the query string
    is_rewritten: bool = False


def choose(table: Table, path: str) -> Route:
    """Where a request for this path (query string or not) goes."""
    path = path.partition("?")[0]
    behavior = table.find(normalise(path))
    if behavior is None:
        return Route(Origin.WEB, path)
    if behavior.rewrite is None:
        return Route(behavior.origin, path)
    return Route(behavior.origin, behavior.rewrite, is_rewritten=True)


def matches(path_pattern: str, path: str) -> bool:
    """Whether a path pattern matches a normalised path."""
    return re.fullmatch(_expression(path_pattern), path, re.DOTALL) is not None


@lru_cache(maxsize=4096)
def _expression(path_pattern: str) -> str:
    signs = {"*": ".*", "?": "."}
    body = "".join(signs.get(sign) or re.escape(sign) for sign in path_pattern.removeprefix("/"))
    return f"/{body}"


# Without a table everything reaches the shop, whose shut door protects the stock.
FAIL_OPEN = Table(0, PERMANENT)


_ODD = re.compile(r"//|%|/\.|[^!-~]")
_ESCAPE = re.compile(r"%(?:[0-9A-Fa-f]{2})?|[^!-~]")
_SLASHES = re.compile(r"//+")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalise(path: str) -> str:
    """The path as it is matched (RFC 3986, section 6.2.2, and one slash for several).

    Escapes of unreserved characters are undone, the others are written in capitals, so
    `%2F` stays what it is: a character of a name, no slash. Then dot segments are removed.
    """
    path = path.partition("?")[0]
    if not path.startswith("/"):
        path = f"/{path}"
    if not _ODD.search(path):
        return path
    return _without_dots(_SLASHES.sub("/", _ESCAPE.sub(_canonical, path)))


def _canonical(found: re.Match[str]) -> str:
    text = found.group()
    if text == "%":
        return "%25"
    if text[0] != "%":
        # The bytes of a target that was not valid UTF-8 come as lone surrogates.
        return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))
    character = chr(int(text[1:], 16))
    return character if character in _UNRESERVED else text.upper()


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def to_json(table: Table) -> str:
    fields = {"version": table.version, "behaviors": [to_fields(each) for each in table.behaviors]}
    return json.dumps(fields, indent=1)


def to_fields(behavior: Behavior) -> dict[str, str]:
    fields = {"path_pattern": behavior.path_pattern, "origin": behavior.origin.value}
    return fields if behavior.rewrite is None else fields | {"rewrite": behavior.rewrite}


def from_json(text: str | bytes) -> Table:
    """Raise BadTable where the text is not exactly a table."""
    try:
        fields: Any = json.loads(text)
        version, behaviors = fields["version"], fields["behaviors"]
        if type(version) is not int:
            raise BadTable(f"version is {version!r}: a whole number is wanted")
        return Table(version, tuple(_behaviors(behaviors)))
    except BadTable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadTable(f"{type(error).__name__}: {error}") from None


def _behaviors(rows: Iterable[Mapping[str, Any]]) -> Iterable[Behavior]:
    for row in rows:
        rewrite = row.get("rewrite")
        if rewrite is not None and not isinstance(rewrite, str):
            raise BadTable(f"rewrite is {rewrite!r}: a path is wanted")
        yield Behavior(row["path_pattern"], Origin(row["origin"]), rewrite)
