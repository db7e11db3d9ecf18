"""Put the demo's film where the edge serves it from: the media storage, beside the shop's pictures."""

from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

FILM = Path(__file__).with_name("film")


def place(slug: str) -> tuple[str, str]:
    """Copy what is missing of the film into the folder of this show.

    Returns the address of its playlist, and the poster's name in the storage.
    """
    folder = f"shows/{slug}"
    # The playlist last: it names the others.
    for piece in sorted(FILM.iterdir(), key=lambda piece: piece.suffix == ".m3u8"):
        name = f"{folder}/{piece.name}"
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(piece.read_bytes()))
        elif piece.suffix == ".m3u8" and default_storage.open(name).read() != piece.read_bytes():
            # Filmed anew: other segments, under other names.
            default_storage.delete(name)
            default_storage.save(name, ContentFile(piece.read_bytes()))
    return default_storage.url(f"{folder}/index.m3u8"), f"{folder}/poster.jpg"


def live_address(slug: str) -> str:
    """Where the playlist of this show's live stream is served from."""
    return default_storage.url(f"{live_folder(slug)}/index.m3u8")


def live_folder(slug: str) -> str:
    """Its folder in the storage: beside a recording, never over it."""
    return f"shows/{slug}/live"
