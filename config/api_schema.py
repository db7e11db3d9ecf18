"""The OpenAPI document at /api/schema/, made once by each process for each form of it.

drf-spectacular's own view makes it anew for everybody who asks, some 25 ms of a core
each time, and puts into a header whatever `?version=` they wrote: a line break in it
was a 500.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from shop.rest.throttles import Catalogue


class SchemaView(SpectacularAPIView):
    """YAML, or JSON where Accept or `?format=json` says so."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (Catalogue,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        # Its class: what one process makes of the document is the same for everybody.
        renderer: Any = type(request.accepted_renderer)
        return HttpResponse(_rendered(renderer), content_type=renderer.media_type)


@cache
def _rendered(renderer: Callable[[], BaseRenderer]) -> str | bytes:
    document = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return renderer().render(document, renderer_context={})
