"""Who is waited for goes first: what stands back does so between sessions too, and in the database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from config import backends, env

pytestmark = pytest.mark.slow

SHOW = "import os; print(os.getpriority(os.PRIO_PROCESS, 0), open('/proc/self/autogroup').read().split()[-1])"
START = f"""
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["STAND_BACK"] = "15"
from config import celery
{SHOW}
celery.stand_back()
{SHOW}
"""
ASK = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
from django.db import connection
from config import celery
django.setup()
connection.ensure_connection()
pid = connection.connection.info.backend_pid
print(os.getpriority(os.PRIO_PROCESS, pid), open(f"/proc/{pid}/autogroup").read().split()[-1])
"""


@pytest.fixture(autouse=True)
def weighed_by_session():
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this system does not weigh sessions against each other")


def run(*command):
    done = subprocess.run(
        command,
        cwd=env.ROOT,
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    return done.stdout.split()


def test_behind_stands_back_with_its_whole_session():
    assert run(sys.executable, "-c", SHOW) == ["0", "0"]

    assert run("config/behind", "15", sys.executable, "-c", SHOW) == ["15", "15"]


def test_a_worker_stands_back_when_it_has_started():
    assert run("config/behind", "0", sys.executable, "-c", START) == ["0", "0", "15", "15"]


class TestTheDatabase:
    def test_gives_way_to_others_when_the_worker_asks(self):
        assert run("config/behind", "15", sys.executable, "-c", ASK) == [str(backends.MOST)] * 2

    def test_does_not_when_somebody_asks_who_is_waited_for(self):
        assert run(sys.executable, "-c", ASK) == ["0", "0"]


def test_a_database_elsewhere_is_left_alone(db, monkeypatch):
    connection.ensure_connection()
    mine = connection.connection.info.backend_pid
    before = os.getpriority(os.PRIO_PROCESS, mine)

    backends.give_way(connection)

    assert os.getpriority(os.PRIO_PROCESS, mine) == before
