"""Procfile, for those who run the processes themselves, and the demo start the same ones in the same way."""

import re

import pytest

from config import demo, env
from edge.router import relay

# Where they listen and what they log is everybody's own; and a demo that is stopped ends quickly.
ITS_OWN = re.compile(
    r"--(host|port|bind|log-?level|schedule|worker-tmp-dir|graceful-timeout|timeout-graceful-shutdown) \S+"
    r"|--quiet|--pidfile="
)
UP_TO_THE_PROGRAM = re.compile(r"^.*?(?=(python|gunicorn|uvicorn|celery) )")
SHOP = {
    "VAR_DIR": "/srv/shop",
    "WEB_URL": "http://h:1",
    "LIVE_URL": "http://h:2",
    "FASTPATH_URL": "http://h:3",
}

PROCFILE = dict(line.split(": ", 1) for line in (env.ROOT / "Procfile").read_text().splitlines())


def words(command):
    return sorted(UP_TO_THE_PROGRAM.sub("", ITS_OWN.sub("", command), count=1).split())


def test_name_the_same_processes():
    assert list(PROCFILE) == list(demo.commands(SHOP))


@pytest.mark.parametrize("name", PROCFILE)
def test_start_them_in_the_same_way(name):
    assert words(PROCFILE[name]) == words(demo.commands(SHOP)[name])


def test_the_control_a_missing_option_is_noticed():
    assert words(PROCFILE["live"].replace("--ws-max-size 65536", "")) != words(demo.commands(SHOP)["live"])


# Load balancers and CDNs keep a connection that nobody uses for up to a minute.
@pytest.mark.parametrize("name", ["web", "live", "fastpath"])
def test_an_origin_keeps_connections_longer_than_whoever_is_in_front(name):
    kept = int(re.search(r"--(?:timeout-)?keep-alive (\d+)", PROCFILE[name])[1])

    assert kept > 60 > relay.IDLE_SECONDS
