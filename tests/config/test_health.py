"""Whether what `web` needs answers: in full to this machine, by name alone through the edge."""

import pytest

from config import health


@pytest.fixture
def lost(monkeypatch):
    """The queue does not answer."""

    def fail():
        raise ConnectionRefusedError("10.0.0.7:9324")

    monkeypatch.setattr(health, "_queue", fail)


@pytest.mark.django_db
class TestReady:
    def test_names_what_is_down_and_why(self, client, store, lost):
        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["checks"] == {
            "postgresql": "ok",
            "redis": "ok",
            "queue": "ConnectionRefusedError: 10.0.0.7:9324",
        }

    def test_tells_no_addresses_through_the_edge(self, client, store, lost):
        answer = client.get("/readyz", headers={"X-Forwarded-For": "192.0.2.1"})

        assert answer.status_code == 503
        assert answer.json()["checks"] == {"postgresql": "ok", "redis": "ok", "queue": "down"}
