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
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser

from config import embedded, env
from tests.chromium import chromium

FOLDER = env.ROOT / "var" / "test-whole"
# What takes a second or a few takes a multiple of it where others have the machine.
PATIENCE, READY_SECONDS = 60.0, 300.0
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


@dataclass(slots=True)
class Shop:
    """What a person at the keyboard has: the URL, and the command line."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it is ready."""
        began, log = time.monotonic(), FOLDER.with_suffix(".log")
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.process = start_demo(log, self.port, folder=FOLDER)
        while "Spillway is ready" not in log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > began + READY_SECONDS:
                pytest.fail(f"the demo did not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)

    def stop_as_ctrl_c_does(self) -> list[psutil.Process]:
        """Interrupt it; returns what it left running, which must be nothing."""
        if self.process is None or self.process.poll() is not None:
            return []
        started = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)
        return psutil.wait_procs(started, timeout=PATIENCE)[1]

    def ask(self, path: str, *, method="GET", body: bytes | None = None, **headers: str) -> Answer:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with _opener.open(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def order(self, product_path: str, *, key: str | None = None, **fields) -> Answer:
        sent: dict[str, Any] = {
            "method": "POST",
            "body": json.dumps(make_order(**fields)).encode(),
            "Content_Type": "application/json",
            "Idempotency_Key": key or str(uuid.uuid4()),
        }
        deadline = time.monotonic() + PATIENCE
        while (answer := self.ask(f"{product_path}order", **sent)).status == 503:
            # As every client is told to: the store may be waiting for its disk.
            assert time.monotonic() < deadline, answer.body
            time.sleep(float(answer.headers["Retry-After"]))
        return answer

    def manage(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        if check and done.returncode:
            pytest.fail(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def eventually(self, question, *, seconds: float = PATIENCE):
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


def start_demo(log: Path, port: int, *, folder: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "config.demo"],
            cwd=env.ROOT,
            env=clean_environment() | {"PORT": str(port), "VAR_DIR": str(folder)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


# Ended with this package: the shop would go on beside all tests to come.
@pytest.fixture(scope="package")
def shop() -> Iterator[Shop]:
    embedded.Embedded(FOLDER).forget()
    shop = Shop(embedded.free_port())
    try:
        shop.start()
        yield shop
    finally:
        shop.stop_as_ctrl_c_does()


# Ended with this package: see chromium() for what it leaves in this thread.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
