"""What the disk does by itself: how long it takes to sync 200 bytes, while nothing else is written.

Read the other benches beside it. An accepted order waits for the disk once at least, and
a disk that is shared with others makes it wait longer now and then: that is no work of ours.

    .venv/bin/python -m bench.disk [--seconds 60] [--rate 200]
"""

import os
import tempfile
import time

from bench import stage

LINE = b"x" * 200
SLOW_MS = 15.0


def sync_steadily(path: str, *, seconds: int, rate: int) -> list[float]:
    """Milliseconds of each sync, sorted."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    took = []
    try:
        for _ in range(seconds * rate):
            began = time.perf_counter()
            os.write(file, LINE)
            os.fdatasync(file)
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(max(0.0, 1 / rate - took[-1] / 1000))
    finally:
        os.close(file)
    return sorted(took)


def main() -> None:
    options = stage.options(__doc__, seconds=(60, "of syncing"), rate=(200, "syncs a second"))
    stage.FOLDER.mkdir(parents=True, exist_ok=True)
    os.sync()
    with tempfile.NamedTemporaryFile(dir=stage.FOLDER) as file:
        took = sync_steadily(file.name, seconds=options.seconds, rate=options.rate)
    p50, p99 = (took[int(len(took) * share)] for share in (0.5, 0.99))
    slow = [each for each in took if each > SLOW_MS]
    stage.console().print(
        f"{len(took):,} syncs of {len(LINE)} bytes: "
        f"p50 {p50:.2f} ms, p99 {p99:.1f} ms, longest {took[-1]:.0f} ms; "
        f"{len(slow)} took more than {SLOW_MS:.0f} ms, {sum(slow) / 1000:.1f} s of {options.seconds} together"
    )


if __name__ == "__main__":
    main()
