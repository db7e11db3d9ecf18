"""A real chromium for the tests that drive one, and the patience that a busy machine asks for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.need_chromium import find_chromium

COMMAND = Path(__file__).parent / "bare_chromium"
# It needs no screen, and asks nobody outside for anything.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
# What is there at once on a quiet machine takes its time on one that stalls.
PATIENCE_MS = 60_000
START_MS = 120_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Until it ends, Playwright keeps a loop in this thread, where Django refuses to use its database."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=COMMAND,
            args=ARGUMENTS,
            env={**os.environ, "BARE_CHROMIUM": find_chromium() or "chromium"},
            timeout=START_MS,
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium_beside_django() -> Iterator[Browser]:
    """As `chromium`, for tests whose fixtures fill a database while it is there."""
    with pytest.MonkeyPatch.context() as patch, chromium() as browser:
        # Nothing else runs in that loop while a fixture waits for the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser
