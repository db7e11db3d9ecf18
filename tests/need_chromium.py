"""Says, before the tests begin, how to get the browser that some of them drive."""

import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


if __name__ == "__main__" and not find_chromium():
    sys.exit(
        "The browser tests drive a real chromium and none is on the PATH.\n"
        "Install it (Debian, Ubuntu: apt-get install chromium), or leave them out: make test-fast"
    )
