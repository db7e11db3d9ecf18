"""Serve the mini-site, static files and media: small files from memory, large ones from the disk.

A file is held in memory together with its compressed twin and its headers, and is known
by path, time and size: another file under the same name is another entry. A path never
leads out of its folder.
"""

import asyncio
import gzip
import hashlib
import mimetypes
import os
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web
from multidict import CIMultiDict

from edge import routing
from edge.router import answers, ranges
from edge.routing import Origin, Route
from fastpath_lambda import problems

IN_MEMORY = 512 * 1024  # the largest file that is
MEMORY = 64 * answers.MEBIBYTE
WORTH_COMPRESSING = 512

PREFIXES = {Origin.STATIC: "/static/", Origin.MEDIA: "/media/", Origin.MINISITE: "/_mini/"}

FOREVER = "public, max-age=31536000, immutable"
# Kept by browsers, asked about each time: the answer is mostly 304.
ASK_FIRST = "no-cache"
A_WHILE = "public, max-age=300"
# Django's manifest storage writes the hash of the content into the name.
_HASHED = re.compile(r"\.[0-9a-f]{12}\.[^/]*$")

PLAYLIST = "application/vnd.apple.mpegurl"
# A live one is another every few seconds; a recording's may still become another.
LIVE_PLAYLIST = "public, max-age=1"
RECORDED_PLAYLIST = "public, max-age=15"
# What lies in a show's own folder is written by a packager, which never gives a name twice.
_SEGMENT = re.compile(r"^/media/shows/[^/]+/.+\.(m4s|mp4|ts|aac|vtt)$")

# Those of this machine differ from the next one's: only what Python brings, and this.
_TYPES = mimetypes.MimeTypes()
for _ending, _type in {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".m3u8": PLAYLIST,
    ".m4s": "video/iso.segment",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".ts": "video/mp2t",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}.items():
    _TYPES.add_type(_type, _ending)
_TEXT = (
    "text/",
    "application/json",
    "application/manifest+json",
    "application/xml",
    "image/svg+xml",
    PLAYLIST,
)
# A page of the mini-site stands for a page of the shop, and says what Django says there.
_PAGE_HEADERS = {
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# An uploaded picture may be a document with scripts: opened by itself, it must not act for the shop.
_UPLOAD_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int]  # time and size
    etag: str
    headers: CIMultiDict[str]
    body: bytes
    compressed: bytes | None

    @property
    def weight(self) -> int:
        return len(self.body) + len(self.compressed or b"")


class Files:
    def __init__(self, folders: Mapping[Origin, Path]) -> None:
        self._folders = {origin: os.path.realpath(folder) for origin, folder in folders.items()}
        self._memory: OrderedDict[tuple[Origin, str], _File] = OrderedDict()
        self._weight = 0

    async def serve(self, request: web.BaseRequest, route: Route) -> web.StreamResponse | None:
        """The file's answer, or None where there is no such file."""
        if request.method not in ("GET", "HEAD"):
            return answers.refuse(request, problems.method_not_allowed("GET, HEAD"))
        path = self._path(route)
        if path is None:
            return None
        try:
            stat = os.stat(path)
        except (OSError, ValueError):
            return None
        cache_control = _cache_control(route)
        if stat.st_size > IN_MEMORY:
            return await self._large(route.origin, path, cache_control)
        stamp = (stat.st_mtime_ns, stat.st_size)
        file = self._memory.get((route.origin, path))
        if file is None or file.stamp != stamp:
            file = await self._load(route.origin, path, stamp)
        return _present(request, file, cache_control) if file else None

    def _path(self, route: Route) -> str | None:
        """Where the file lies. None for what is no name of a file below the folder."""
        prefix = PREFIXES[route.origin]
        path = routing.normalise(route.path)
        if not path.startswith(prefix):
            return None
        relative = unquote(path[len(prefix) :], errors="surrogateescape")
        # Unescaping may have made new slashes and dots. Hidden files are nobody's business either.
        if "\0" in relative or any(not part or part[0] == "." for part in relative.split("/")):
            return None
        return f"{self._folders[route.origin]}/{relative}"

    async def _load(self, origin: Origin, path: str, stamp: tuple[int, int]) -> _File | None:
        file = await asyncio.to_thread(_read, self._folders[origin], path, stamp, origin)
        if file is None:
            return None
        if old := self._memory.pop((origin, path), None):
            self._weight -= old.weight
        self._memory[(origin, path)] = file
        self._weight += file.weight
        while self._weight > MEMORY:
            _, oldest = self._memory.popitem(last=False)
            self._weight -= oldest.weight
        return file

    async def _large(self, origin: Origin, path: str, cache_control: str) -> web.StreamResponse | None:
        # Ranges, conditions and sendfile are aiohttp's own.
        if not await asyncio.to_thread(_is_inside, self._folders[origin], path):
            return None
        headers = _headers(path, origin)
        headers["Cache-Control"] = cache_control
        return web.FileResponse(path, headers=headers)


def _cache_control(route: Route) -> str:
    if route.origin is Origin.MINISITE:
        # The page's own URI is the shop's again after the sale; its build's is this page for ever.
        return ASK_FIRST if route.is_rewritten else FOREVER
    if route.origin is Origin.STATIC:
        return FOREVER if _HASHED.search(route.path) else ASK_FIRST
    return FOREVER if _SEGMENT.match(route.path) else A_WHILE


def _playlist_cache_control(playlist: bytes) -> str:
    return RECORDED_PLAYLIST if b"#EXT-X-ENDLIST" in playlist else LIVE_PLAYLIST


def _present(request: web.BaseRequest, file: _File, cache_control: str) -> web.Response:
    headers = file.headers.copy()
    is_playlist = headers["Content-Type"].startswith(PLAYLIST)
    headers["Cache-Control"] = _playlist_cache_control(file.body) if is_playlist else cache_control
    body = file.body
    if file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = file.compressed
        headers["Content-Encoding"] = "gzip"
        headers["ETag"] = f'"{file.etag}-gz"'
    if _has(request.headers.get("If-None-Match"), file.etag):
        del headers["Content-Type"]
        headers.popall("Content-Encoding", None)
        return web.Response(status=304, headers=headers)
    if request.method == "HEAD":
        headers["Content-Length"] = str(len(body))
        return web.Response(headers=headers)
    response = web.Response(body=body, headers=headers)
    return response if "Content-Encoding" in headers else ranges.cut(request, response, headers["ETag"])


def _has(if_none_match: str | None, etag: str) -> bool:
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", f'"{etag}"', f'"{etag}-gz"') for tag in tags)


def _read(folder: str, path: str, stamp: tuple[int, int], origin: Origin) -> _File | None:
    if not _is_inside(folder, path):
        return None
    try:
        with open(path, "rb") as file:
            body = file.read()
    except OSError:
        return None
    headers = _headers(path, origin)
    etag = hashlib.blake2b(body, digest_size=10).hexdigest()
    headers["ETag"] = f'"{etag}"'
    compressed = None
    if headers["Content-Type"].startswith(_TEXT):
        headers["Vary"] = "Accept-Encoding"
        if len(body) >= WORTH_COMPRESSING:
            compressed = gzip.compress(body, compresslevel=6, mtime=0)
    return _File(stamp, etag, headers, body, compressed)


def _headers(path: str, origin: Origin) -> CIMultiDict[str]:
    kind = _TYPES.guess_type(path)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith(_TEXT) else ""
    headers = CIMultiDict(
        {"Content-Type": kind + charset, "X-Content-Type-Options": "nosniff", "Server": answers.NAME}
    )
    if origin is Origin.MINISITE and kind == "text/html":
        headers.update(_PAGE_HEADERS)
    if origin is Origin.MEDIA and kind in ("image/svg+xml", "text/html", "application/xml", "text/xml"):
        headers.update(_UPLOAD_HEADERS)
    return headers


def _is_inside(folder: str, path: str) -> bool:
    """Whether a file is where its name says: a link may lead out of the folder."""
    return os.path.isfile(path) and os.path.realpath(path).startswith(f"{folder}/")
