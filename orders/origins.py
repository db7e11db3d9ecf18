"""Where a post comes from: the guard of forms that stand on pages rendered for nobody.

Such a page cannot carry a CSRF token, because it carries nothing of its visitor. Every
browser of today says whether a request comes from the same site, and no page can make
it say otherwise. What says neither is no browser, and has no visitor's session.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponse]


def is_ours(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    if site is not None:
        return site in ("same-origin", "none")
    if origin is not None:
        return urlsplit(origin).netloc == request.get_host()
    return True


def ours_only(view: View) -> View:
    """Refuse what another site's page posts here; a token is then not needed."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not is_ours(request):
            return HttpResponseForbidden(
                "This form was sent from another site. Open the shop, and try again."
            )
        return view(request, *args, **kwargs)

    return csrf_exempt(guarded)
