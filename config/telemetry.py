"""What `web` counts of itself, in Prometheus' format: requests by view, and by who asked.

The counter is how a rush proves that its visitors cost Django nothing: they name
themselves in their User-Agent, and `web` has seen none of them. The drain's pace is told
here too: its process keeps it in Redis, and workers are not scraped.
"""

from collections.abc import Callable, Iterator

import redis
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from orders import jobs, pacing

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


class Drain(Collector):
    """Nothing where nobody drains, or where Redis cannot say."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            drain = pacing.together(jobs.store())
        except redis.RedisError:
            return
        if drain:
            yield _gauge("spillway_drain_rate", "Orders drained a second.", drain.drained)
            yield _gauge("spillway_drain_allowed_rate", "Orders a second it may drain.", drain.allowed)
            yield _gauge("spillway_drain_felt_seconds", "What the database makes others wait.", drain.felt)
            yield _gauge("spillway_drain_quiet_seconds", "The same when nothing is drained.", drain.quiet)


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, value=value)


def metrics(request: HttpRequest) -> HttpResponse:
    """The counters of all `web` processes together. Never answered through the edge."""
    if "X-Forwarded-For" in request.headers:
        return HttpResponse(status=404)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(Drain())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
