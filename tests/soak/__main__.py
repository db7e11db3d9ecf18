"""`make soak`: a million order requests over several sales, while one component after the other is killed.

Starts a whole shop in a folder and on a port of its own. Ends with 0 only when every
request was answered, and nothing was lost, doubled or oversold.
"""

import sys

from config import env
from tests.chaos import shop

if __name__ == "__main__":
    sys.exit(shop.run("tests.soak.sales", sys.argv[1:], folder=env.ROOT / "var" / "soak"))
