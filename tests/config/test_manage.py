"""The command line where no demo runs: typed by somebody who does not know yet what it needs."""

import os
import subprocess
import sys

import pytest

from config import env

pytestmark = pytest.mark.slow


@pytest.fixture
def manage(tmp_path):
    def run(*words):
        variables = {name: text for name, text in os.environ.items() if not name.endswith("_URL")}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=env.ROOT,
            env=variables | {"VAR_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    return run


def test_a_command_says_what_it_needs_in_a_sentence(manage):
    said = manage("fastpath", "status", "muskie-casting-rod")

    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert line.startswith("DATABASE_URL is not set") and "make demo" in line


@pytest.mark.parametrize("words", [("fastpath", "--help"), ("help", "fastpath")])
def test_a_command_explains_itself_all_the_same(manage, words):
    said = manage(*words)

    assert said.returncode == 0, said.stderr
    assert "--units" in said.stdout
