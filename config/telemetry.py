"""What `web` counts of itself, in Prometheus' format: requests by view, and by who asked.

The counter is how a rush proves that its visitors cost Django nothing: they name
themselves in their User-Agent, and `web` has seen none of them.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest, multiprocess

REQUESTS = Counter("spillway_web_requests", "Requests served by web.", ["view", "visitor"])
RUSH_AGENT = "spillway-rush"


class CountRequests:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            # Also where even the error page failed: what web was asked is what counts.
            match = request.resolver_match
            visitor = "rush" if request.headers.get("User-Agent", "").startswith(RUSH_AGENT) else "other"
            REQUESTS.labels(view=match.view_name if match else "none", visitor=visitor).inc()


def metrics(request: HttpRequest) -> HttpResponse:
    """The counters of all `web` processes together. Never answered through the edge."""
    if "X-Forwarded-For" in request.headers:
        return HttpResponse(status=404)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
