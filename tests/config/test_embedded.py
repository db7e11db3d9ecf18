"""A service that dies is there again, where it was, with its data."""

import os
import signal
import threading

import psycopg
import pytest
import redis

from config import embedded, env
from config.service import wait_until


@pytest.fixture
def services(tmp_path, monkeypatch):
    """Start those whose variables are given; the others are the tests' own."""
    services = embedded.Embedded(tmp_path)

    def start(*variables):
        for name in variables:
            monkeypatch.delenv(name)
        found = services.start()
        services.keep_running()
        return [found[name] for name in variables]

    yield start
    services.stop()


def kill(tmp_path, name):
    os.kill(int((tmp_path / f"{name}.pid").read_text()), signal.SIGKILL)


def test_redis_killed_comes_back_on_its_port_with_its_data(services, tmp_path):
    (url,) = services("REDIS_URL")
    client = redis.Redis.from_url(url)
    client.set("claim", "kept")

    kill(tmp_path, "redis")

    assert wait_until(lambda: answers(client), 60)
    assert client.get("claim") == b"kept"


@pytest.mark.slow
def test_postgresql_killed_comes_back_at_its_socket_with_its_data(services, tmp_path):
    (url,) = services("DATABASE_URL")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")

    kill(tmp_path, "postgres")

    assert wait_until(lambda: rows(url) == 1, 120)


@pytest.mark.slow
def test_postgresql_waits_for_what_a_killed_one_left(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    killed, next_one = embedded.Embedded(tmp_path), embedded.Embedded(tmp_path)
    killed.start()
    kill(tmp_path, "postgres")

    # Until its parent asks after it, the system counts it among the living, and so does its successor.
    monkeypatch.setattr(embedded, "END_SECONDS", 0)
    with pytest.raises(embedded.CannotStart):
        next_one.start()

    monkeypatch.setattr(embedded, "END_SECONDS", 60)
    reaping = threading.Timer(1, lambda: killed._services[0]._process.wait())
    reaping.start()
    try:
        psycopg.connect(next_one.start()["DATABASE_URL"]).close()
    finally:
        reaping.join()
        next_one.stop()


def test_a_service_that_was_stopped_stays_so(tmp_path, monkeypatch):
    monkeypatch.delenv("REDIS_URL")
    services = embedded.Embedded(tmp_path)
    client = redis.Redis.from_url(services.start()["REDIS_URL"])
    services.keep_running()

    services.stop()

    assert not answers(client)
    assert not (tmp_path / "redis.pid").exists()


def test_a_port_is_none_that_clients_are_given():
    assert embedded.free_port() in embedded.PORTS


def test_no_port_is_given_twice(monkeypatch):
    monkeypatch.setenv("FREE_PORTS", "61000-61009")
    monkeypatch.setattr(embedded, "_given", {61_003})
    given = []

    # Eleven of ten: without the memory they would go on for ever.
    with pytest.raises(embedded.CannotStart, match="between 61000 and 61009"):
        for _ in range(11):
            given.append(embedded.free_port())

    assert given
    assert len(set(given)) == len(given)
    assert 61_003 not in given


@pytest.mark.parametrize("given", ["20000", "a-b", "20001-20000", "20000-70000"])
def test_a_range_of_ports_that_is_none_is_said_so(monkeypatch, given):
    monkeypatch.setenv("FREE_PORTS", given)

    with pytest.raises(env.BadSetting, match="FREE_PORTS"):
        embedded.free_port()


def answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def rows(url):
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT count(*) FROM kept").fetchone()[0]
    except psycopg.OperationalError:
        return None
