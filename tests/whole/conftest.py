"""A whole running shop: every process and service of `make demo`, in a folder and on a port of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser

from config import embedded, env
from tests.chromium import chromium

FOLDER = env.ROOT / "var" / "test-whole"
# Set by the services of the other tests; a demo starts its own.
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "SQS_ENDPOINT_URL", "VAR_DIR", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self):
        return json.loads(self.body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


_opener = urllib.request.build_opener(_NoRedirect)


@dataclass(frozen=True, slots=True)
class Shop:
    """What a person at the keyboard has: the URL, and the command line."""

    url: str
    process: subprocess.Popen[bytes]

    def ask(self, path: str, *, method="GET", body: bytes | None = None, **headers: str) -> Answer:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with _opener.open(request, timeout=15) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def order(self, product_path: str, *, key: str | None = None, **fields) -> Answer:
        body = make_order(**fields)
        return self.ask(
            f"{product_path}order",
            method="POST",
            body=json.dumps(body).encode(),
            Content_Type="application/json",
            Idempotency_Key=key or str(uuid.uuid4()),
        )

    def manage(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check and done.returncode:
            pytest.fail(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def eventually(self, question, *, seconds: float = 15.0):
        """What `question()` answers, as soon as it is true."""
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
            time.sleep(0.1)
        return answer


def make_order(sku="MUSKIE-7FT", quantity=1, email=None, **fields):
    return {
        "sku": sku,
        "quantity": quantity,
        "email": email or f"{uuid.uuid4().hex[:12]}@example.org",
        "name": "Ada",
        "address": {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
        "payment_token": "tok_ok",
    } | fields


def clean_environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return inherited | {"VAR_DIR": str(FOLDER)}


# Ended with this package: it would go on beside all tests to come.
@pytest.fixture(scope="package")
def shop() -> Iterator[Shop]:
    embedded.Embedded(FOLDER).forget()
    port = embedded.free_port()
    FOLDER.mkdir(parents=True)
    log = FOLDER.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.demo"],
            cwd=env.ROOT,
            env=clean_environment() | {"PORT": str(port)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, log)
        yield Shop(url=f"http://127.0.0.1:{port}", process=process)
    finally:
        stop_as_ctrl_c_does(process)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while "Spillway is ready" not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the demo did not start:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.2)


def stop_as_ctrl_c_does(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Interrupt the demo; returns what it left running, which must be nothing."""
    if process.poll() is not None:
        return []
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    _, alive = psutil.wait_procs(started, timeout=5)
    return alive


# Ended with this package: see chromium() for what it leaves in this thread.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
