"""How long the Lambda's cold start spends importing, and on what: a fresh interpreter, several times.

    python -m bench.cold_import [--runs 11]

Takes what `python -X importtime` says, so the tracing is in it. Fails above the limit.
"""

import argparse
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from operator import itemgetter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = "fastpath_lambda.handler"
LIMIT_MS = 150.0

Line = tuple[str, int, int]  # module, microseconds alone, and with what it imports


def trace() -> list[Line]:
    command = [sys.executable, "-X", "importtime", "-c", f"import {MODULE}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.removeprefix("import time:").split("|") for line in run.stderr.splitlines()[1:]]
    return [(name.strip(), int(alone), int(together)) for alone, together, name in rows]


def total(lines: list[Line]) -> float:
    return next(together for name, _, together in lines if name == MODULE) / 1000


def made_of(lines: list[Line]) -> dict[str, float]:
    """Milliseconds by package, without what the interpreter had loaded before us."""
    ours = lines[[name for name, _, _ in lines].index("site") + 1 :]
    shares: defaultdict[str, float] = defaultdict(float)
    for name, alone, _ in ours:
        shares[_package(name)] += alone / 1000
    return shares


def _package(name: str) -> str:
    top = name.partition(".")[0].lstrip("_")
    return top if top in ("fastpath_lambda", "hiredis") else f"{top} (standard library)"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=11)
    runs = sorted((trace() for _ in range(options.parse_args().runs)), key=total)
    middle = runs[len(runs) // 2]
    times = [total(lines) for lines in runs]
    print(f"import {MODULE}: median {statistics.median(times):.0f} ms, {times[0]:.0f} to {times[-1]:.0f}")
    print(f"{len(middle)} modules, Python {platform.python_version()}, {platform.machine()}\n")
    for package, milliseconds in sorted(made_of(middle).items(), key=itemgetter(1), reverse=True)[:14]:
        print(f"{milliseconds:8.1f} ms  {package}")
    return 0 if statistics.median(times) <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
