"""`make chaos`: kill one component after the other in the middle of a sale, and count what became of it.

Ends with 0 only when nothing was lost, doubled or oversold, every equation balanced,
and everything served again.
"""

import sys

from config import env
from tests.chaos import shop

if __name__ == "__main__":
    sys.exit(shop.run("tests.chaos.matrix", sys.argv[1:], folder=env.ROOT / "var" / "chaos"))
