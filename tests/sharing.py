"""How the workers of `make test` share the suite: by file, the longest first.

By file, because a file's tests share what one of them started. The files that run a
whole shop are one share: it is started once, in a folder that only one may use.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

# With a part of their own at the end, one worker would run them while the others have nothing left.
LONG = ("tests/chaos/", "tests/whole/")


class ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        return next((folder for folder in LONG if nodeid.startswith(folder)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config, log):
    # Else it would begin with the files of the most tests, which are the quick ones.
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(LONG), item.path not in slow))
