"""What the router reads from its environment, each with the default that works embedded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge.routing import Origin

ROOT = Path(__file__).resolve().parent.parent.parent


class BadSetting(ValueError):
    """A variable cannot be read. The message says which, and what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    host: str
    port: int
    table: Path
    urls: Mapping[Origin, str]  # of the origins that are processes: http://host:port
    folders: Mapping[Origin, Path]  # of the origins that are files


def from_environment(environment: Mapping[str, str]) -> Settings:
    def folder(name: str, default: Path) -> Path:
        return ROOT / (environment.get(name) or default)

    var = folder("VAR_DIR", Path("var/demo"))
    return Settings(
        host=environment.get("HOST") or "127.0.0.1",
        port=_port(environment.get("PORT") or "8000"),
        table=folder("EDGE_TABLE", var / "edge" / "table.json"),
        urls={
            Origin.WEB: _url("WEB_URL", environment.get("WEB_URL") or "http://127.0.0.1:8001"),
            Origin.LIVE: _url("LIVE_URL", environment.get("LIVE_URL") or "http://127.0.0.1:8002"),
            Origin.FASTPATH: _url("FASTPATH_URL", environment.get("FASTPATH_URL") or "http://127.0.0.1:8003"),
        },
        folders={
            Origin.STATIC: folder("STATIC_ROOT", var / "static"),
            Origin.MEDIA: folder("MEDIA_ROOT", var / "media"),
            Origin.MINISITE: folder("MINISITE_ROOT", var / "minisite"),
        },
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise BadSetting(f"PORT={text!r}: write a number from 1 to 65535.")
    return int(text)


def _url(name: str, url: str) -> str:
    fix = BadSetting(f"{name}={url!r}: write http://host:port, without a path.")
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
            raise fix
        return f"http://{parts.hostname}:{parts.port or 80}"
    except ValueError:
        raise fix from None
