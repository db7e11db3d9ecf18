"""The entry of `web`: pages, admin and REST."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.bodies import ReadBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def warm_up() -> None:
    """Load what the first page would load, and leave it out of every later look for garbage.

    That look took 84 ms, once in some hundred pages.
    """
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


application = ReadBodies(get_wsgi_application())
warm_up()
