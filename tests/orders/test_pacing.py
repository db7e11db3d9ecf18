"""The pace as it runs, on a real database: felt, followed, shared and shown."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from config import telemetry
from config.service import wait_until
from orders import pacing, turns
from orders.pace import Limits
from orders.pacing import Said, Together
from tests.orders.conftest import make_sku

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# How far a worker's session, and the probe's, stand back.
ASK = """
import os
from config import celery
import django
django.setup()
from django.db import connection
from orders import pacing
connection.ensure_connection()
for session in (connection.connection, pacing._open_session()):
    print(os.getpriority(os.PRIO_PROCESS, session.info.backend_pid))
"""
LIMITS = Limits(ceiling=500, floor=50, tolerance=2.0)
LONG = timedelta(minutes=1)


@pytest.fixture
def turn(store):
    with take(store) as turn:
        yield turn


def take(store):
    return turns.take(store, "drain", length=LONG, lease=LONG, at_once=2)


@pytest.fixture
def probe():
    probe = pacing.Probe()
    yield probe
    probe.close()


def say(store, key="spillway:turn:drain", **changes):
    said = Said(rate=200, quiet=0.001, felt=0.001, share=200, drained=0, at=time.time())
    store.hset(pacing.PACES, key, json.dumps(asdict(said) | changes))


class TestFeel:
    def test_says_how_much_later_a_session_is_than_it_wanted(self, probe, lamp):
        began = time.monotonic()

        felt = probe.feel()

        assert 0 <= felt < (time.monotonic() - began) / 2

    def test_waits_as_a_shopper_does_though_the_worker_gives_way(self):
        done = subprocess.run(
            ["nice", "-n", "5", sys.executable, "-c", ASK], env=os.environ, check=True, capture_output=True
        )

        assert done.stdout.split() == [b"5", b"0"]

    def test_a_shop_without_products_is_quick(self, probe):
        assert probe.feel() >= 0

    def test_feels_what_a_shopper_would_wait_for(self, probe, lamp):
        """Here a lock on the table that every page reads."""
        for number in range(3):
            make_sku(f"ROD-{number}")
        with psycopg.connect(database()) as other:
            other.execute("LOCK TABLE shop_stock IN ACCESS EXCLUSIVE MODE")
            release = threading.Thread(target=keep_waiting, args=(other, 0.5))
            release.start()

            began = time.monotonic()
            probe.feel()
            release.join()

        assert time.monotonic() - began > 0.8


def keep_waiting(holder, seconds):
    """Whoever waits for what this session holds waits so much longer."""
    with psycopg.connect(database(), autocommit=True) as looking:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: looking.execute(waiting).fetchone()[0], 60)
    time.sleep(seconds)
    holder.rollback()


@pytest.fixture
def once(monkeypatch):
    """The database is not asked again while the test lasts, however long that is."""
    monkeypatch.setattr(pacing, "PAUSE_SECONDS", 3600.0)


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(pacing, "PAUSE_SECONDS", 0.05)


class TestFollowing:
    def test_begins_at_the_ceiling_and_measures_before_anything_is_drained(self, turn, lamp, once):
        with pacing.following(turn, limits=LIMITS) as pacer:
            assert pacer.share == 500

    def test_goes_on_where_the_last_turn_ended(self, turn, store, lamp, once):
        say(store, rate=120, at=time.time() - 3600)

        with pacing.following(turn, limits=LIMITS) as pacer:
            assert pacer.share == 120

    def test_slows_down_as_soon_as_the_database_does(self, turn, store, lamp, often, monkeypatch):
        say(store, rate=400)
        monkeypatch.setattr(pacing, "FEEL", "SELECT 0.1")

        with pacing.following(turn, limits=LIMITS) as pacer:
            assert wait_until(lambda: pacer.share == LIMITS.floor, 60)

    def test_two_drainers_share_one_ceiling(self, turn, store, lamp, once):
        with (
            take(store) as other,
            pacing.following(turn, limits=LIMITS) as first,
            pacing.following(other, limits=LIMITS) as second,
        ):
            assert first.share + second.share <= 500

    def test_ops_can_see_it_while_it_is_at_work(self, turn, store, lamp, often, monkeypatch):
        monkeypatch.setattr(pacing, "FEEL", "SELECT 0.0001")
        with pacing.following(turn, limits=LIMITS) as pacer:
            pacer.drained = 30
            seen = []
            assert wait_until(lambda: [seen.append(said) for said in pacing.said(store) if said.drained], 60)

        assert (seen[0].rate, seen[0].share) == (500, 500)

    def test_two_drainers_are_shown_together(self, store):
        say(store, share=100, drained=90, felt=0.004)
        say(store, "spillway:turn:drain-2", share=120, drained=110, quiet=0.0005)

        assert pacing.together(store) == Together(
            drainers=2, allowed=220, drained=200, quiet=0.0005, felt=0.004
        )

    def test_telemetry_tells_it_too(self, store):
        assert list(telemetry.Drain().collect()) == []

        say(store, share=100)

        told = {family.name: family.samples[0].value for family in telemetry.Drain().collect()}
        assert told["spillway_drain_allowed_rate"] == 100

    def test_what_somebody_said_who_is_gone_is_not_shown(self, store):
        say(store, at=time.time() - 60)

        assert pacing.said(store) == []

    def test_sits_out_an_outage(self, turn, store, lamp, away, often):
        say(store, rate=400)

        with pacing.following(turn, limits=LIMITS) as pacer:
            time.sleep(0.3)
            away.come_back()
            assert wait_until(lambda: pacer.share != 400, 60)

        assert LIMITS.floor <= pacer.share <= LIMITS.ceiling


def database():
    return os.environ["DATABASE_URL"].replace("/spillway", f"/{connection.settings_dict['NAME']}")
