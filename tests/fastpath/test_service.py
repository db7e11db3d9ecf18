"""The ASGI door under its real server: started, asked over a socket, and ended as a supervisor ends it."""

import http.client
import json
import os
import subprocess
import sys
import time

import pytest

from config import embedded, env
from tests.fastpath.doors import ORDER, order
from tests.fastpath.world import loaded

pytestmark = pytest.mark.slow


@pytest.fixture
def service(store, queue):
    """A connection to it, and the process."""
    port = embedded.free_port()
    command = [sys.executable, "-m", "uvicorn", "fastpath_lambda.asgi:application", "--port", str(port)]
    command += ["--http", "fastpath_lambda.single_write:Protocol", "--loop", "uvloop"]
    process = subprocess.Popen(
        command, cwd=env.ROOT, env=os.environ | {"SQS_QUEUE_NAME": queue.name}, stderr=subprocess.DEVNULL
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    until_ready(connection)
    yield connection, process
    connection.close()
    process.kill()
    process.wait()


def until_ready(connection):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if ask(connection, "GET", "/readyz")[0] == 200:
                return
        except OSError:
            connection.close()
        time.sleep(0.05)
    raise AssertionError("the service did not become ready")


def ask(connection, method, path, body=None, **headers):
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.read()


def post(connection, key, **changes):
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    for _ in range(30):
        answer = ask(connection, "POST", ORDER, json.dumps(order(**changes)), **headers)
        if answer[0] != 503:
            break
        # Told to come back, as by a door whose ledger waits for its disk: with the same key.
        time.sleep(1)
    return answer


def test_hands_over_what_it_accepted_before_it_ends(service, redis_ledger, queue):
    connection, process = service
    loaded(redis_ledger, units=20)

    statuses = [post(connection, f"k-{n}", email=f"b{n}@example.org")[0] for n in range(21)]
    process.terminate()
    process.wait(timeout=60)

    assert statuses == [202] * 20 + [409]
    assert queue.depth() == 20


def test_refuses_a_body_without_end(service, redis_ledger):
    connection, _ = service
    loaded(redis_ledger)

    status, body = ask(
        connection, "POST", ORDER, (b"x" * 8192 for _ in range(4)), **{"Content-Type": "application/json"}
    )

    assert (status, json.loads(body)["refusal"]) == (413, "too_large")


def test_answers_the_next_request_after_one_it_did_not_read(service, redis_ledger):
    connection, _ = service
    loaded(redis_ledger)

    ask(connection, "POST", ORDER, b"x" * 100_000, **{"Content-Type": "application/json"})
    connection.close()

    assert post(connection, "k-1")[0] == 202
