"""Send a live show from this machine, with a film for a camera: `make show`."""

import argparse
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from live.demo import placing, seeding
from live.demo.encoder import CannotEncode, Encoder
from live.demo.ffmpeg import NoFfmpeg
from live.models import Show
from live.shows import airing
from live.shows.turns import CannotChange

LOOK_SECONDS = 2.0  # until it is seen that the host has ended the show
ON_AIR = """
  {title} is live     {url}
  The host desk       {desk}     admin / admin

  Open the page in two browsers, and the desk beside them: pin a product, and see it appear when the
  picture gets there. The clock in the picture says how far behind it is.
  Ctrl-C ends the show; its last ten minutes replay.
"""


class Command(BaseCommand):
    help = (
        "Encode a live stream in a loop into the media storage and take its show live, until Ctrl-C "
        "ends both. Without a slug: the demo's next show, which is planned if there is none."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="A show whose HLS address is its own live folder.")

    def handle(self, *args: Any, slug: str | None, **options: Any) -> None:
        show = self._find(slug)
        encoder = Encoder(self._folder(show))
        # However it is ended, the stream gets its end, and the show too.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.default_int_handler)
        try:
            encoder.start()
            airing.go_live(show.slug, now=timezone.now())
            self._announce(show)
            while not _is_over(show):
                encoder.watch(LOOK_SECONDS)
        except KeyboardInterrupt:
            self.stdout.write("\nThe show ends …")
        except (CannotChange, CannotEncode, NoFfmpeg) as error:
            raise CommandError(str(error)) from None
        finally:
            encoder.stop()
            self._end(show)

    def _find(self, slug: str | None) -> Show:
        if slug is None:
            return seeding.plan(now=timezone.now())
        show = Show.objects.filter(slug=slug).first()
        if show is None:
            raise CommandError(f"There is no show {slug!r}. See the shows' slugs in the admin.")
        if show.status == Show.Status.ENDED:
            raise CommandError(f"{show} is over. Plan another show to go live again.")
        if show.hls_url != placing.live_address(slug):
            raise CommandError(
                f"{slug} is watched at {show.hls_url!r}, not where this command writes. "
                f"Set its HLS address to {placing.live_address(slug)!r} in the admin."
            )
        return show

    def _folder(self, show: Show) -> Path:
        try:
            return Path(default_storage.path(placing.live_folder(show.slug)))
        except NotImplementedError:
            raise CommandError(
                "The media storage is no folder of this machine: there, a packager writes itself. "
                "See docs/shows.md."
            ) from None

    def _announce(self, show: Show) -> None:
        desk = reverse("live:desk", args=[show.slug])
        words = {"title": show.title, "url": _url(show.get_absolute_url()), "desk": _url(desk)}
        self.stdout.write(ON_AIR.format_map(words))

    def _end(self, show: Show) -> None:
        try:
            airing.end(show.slug, now=timezone.now())
        except CannotChange:
            # It never went live: it stays planned.
            return
        except OperationalError as error:
            raise CommandError(
                f"The stream is over, the show could not be ended: {error}. Do it at its desk."
            ) from None
        self.stdout.write(f"{show.title} is over, and replays: {_url(show.get_absolute_url())}")


def _is_over(show: Show) -> bool:
    try:
        return Show.objects.filter(pk=show.pk, status=Show.Status.ENDED).exists()
    except OperationalError:
        # A picture does not stop because the database is away for a moment.
        connection.close()
        return False


def _url(path: str) -> str:
    return f"{settings.EDGE_URL}{path}"
