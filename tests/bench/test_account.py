"""Whose processor time it was."""

import subprocess
import sys

import psutil
import pytest

from bench import account
from bench.account import Accounts, Spent

# Works for so many seconds on a core, itself or through a child that is gone when it says so.
WORK = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
THROUGH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORK!r}])"


@pytest.fixture
def ask():
    """A process that runs what it is given, line by line, and answers when it is done."""
    loop = "import sys\nfor line in sys.stdin: exec(eval(line)); print('done', flush=True)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", loop], **pipes) as process:

        def run(code):
            process.stdin.write(f"{code!r}\n")
            process.stdin.flush()
            process.stdout.readline()

        run.process = psutil.Process(process.pid)
        yield run
        process.stdin.close()


class TestAccounts:
    @pytest.mark.parametrize("work", [WORK, THROUGH_A_CHILD])
    def test_says_who_was_on_a_core_even_if_it_has_ended(self, ask, work):
        accounts = Accounts({"it": ask.process, "who looks": psutil.Process()})

        with accounts.keeping("busy"):
            ask(work)

        spent = accounts.spent["busy"]
        assert spent["it"].on_core >= 0.15
        assert spent["who looks"].on_core < spent["it"].on_core

    def test_counts_how_often_it_went_to_sleep(self, ask):
        accounts = Accounts({"it": ask.process})

        with accounts.keeping("busy"):
            ask("import time\nfor _ in range(20): time.sleep(0.001)")

        assert accounts.spent["busy"]["it"].sleeps >= 20

    def test_names_whoever_else_is_on_this_machine(self, ask):
        accounts = Accounts({"it": ask.process})

        with accounts.keeping("busy"):
            exec(WORK)

        assert accounts.spent["busy"][account.OTHERS].on_core >= 0.15

    def test_adds_up_the_turns_of_a_phase(self, ask):
        accounts = Accounts({"it": ask.process})

        for _ in range(2):
            with accounts.keeping("busy"):
                ask(WORK)

        assert accounts.spent["busy"]["it"].on_core >= 0.3


def test_an_orders_price_is_what_was_not_spent_while_there_was_none():
    idle, paced = {"web": Spent(1.0, 0.1, 100)}, {"web": Spent(2.0, 0.3, 300)}

    table = account.present(idle, paced, seconds=10, pace=50)

    web = [next(iter(column.cells)) for column in table.columns]
    assert web == ["web", "10.0%", "20.0%", "2.000", "0.4", "10.0", "30.0"]
