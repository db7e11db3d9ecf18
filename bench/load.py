"""The two kinds of load: flat out with wrk, and steady at a rate, timed from when each request was due."""

import asyncio
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from bench import stage

ORDERS = Path(__file__).parent / "orders.lua"
CONNECTIONS = 64
# A connection of a steady load that nobody used for longer than this is not used again.
IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Flood:
    """What wrk saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int  # answers other than 2xx and 3xx


def flood_orders(url: str, *, sku: str, run: str, seconds: int) -> subprocess.Popen[str]:
    """Start ordering one unit after another, each with a new buyer and key, on keep-alive connections."""
    return flood(url, sku, run, seconds=seconds)


def flood(url: str, *arguments: str, seconds: int, script: Path = ORDERS) -> subprocess.Popen[str]:
    """Start asking, on keep-alive connections, what this script of wrk's makes of its arguments."""
    command = [stage.need("wrk"), "--threads", "1", "--connections", str(CONNECTIONS)]
    command += ["--duration", f"{seconds}s", "--timeout", "30s", "--latency", "--script", str(script), url]
    return subprocess.Popen([*command, "--", *arguments], stdout=subprocess.PIPE, text=True)


def read_flood(process: subprocess.Popen[str]) -> Flood:
    output, _ = process.communicate(timeout=300)
    requests, seconds = _find(r"(\d+) requests in ([\d.]+\w+)", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return Flood(
        requests=int(requests),
        seconds=_seconds(seconds),
        p50_ms=_seconds(*_find(r"\n +50% +(\S+)", output)) * 1000,
        p99_ms=_seconds(*_find(r"\n +99% +(\S+)", output)) * 1000,
        refused=int(refused[1]) if refused else 0,
    )


def _find(pattern: str, output: str) -> tuple[str, ...]:
    if found := re.search(pattern, output):
        return found.groups()
    raise ValueError(f"wrk printed no {pattern!r}:\n{output}")


def _seconds(text: str) -> float:
    number, unit = _find(r"^([\d.]+)(us|ms|s|m)$", text)
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


@dataclass(frozen=True, slots=True)
class Steady:
    """Milliseconds from due to answered, sorted, and how many were not answered well."""

    latencies_ms: list[float]
    failed: int

    def percentile(self, share: float) -> float:
        return self.latencies_ms[min(len(self.latencies_ms) - 1, int(len(self.latencies_ms) * share))]


def pool(runs: Iterable[Steady]) -> Steady:
    """Several runs as one."""
    seen = list(runs)
    return Steady(sorted(chain(*(run.latencies_ms for run in seen))), sum(run.failed for run in seen))


async def steady(
    url: str, requests: Iterable[bytes], *, rate: float, expect: tuple[int, ...] = (200,)
) -> Steady:
    """Send these raw requests (bytes), `rate` a second, whether or not the earlier ones are answered."""
    parts = urlsplit(url)
    latencies: list[float] = []
    failed = 0
    idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []  # since when
    began = time.perf_counter()

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while idle:
            since, reader, writer = idle.pop()
            # The other end closes what nobody used for long, and may have done so.
            if time.perf_counter() - since < IDLE_SECONDS:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(parts.hostname or "", parts.port)

    async def one(request: bytes, due: float) -> None:
        nonlocal failed
        try:
            reader, writer = await connect()
            writer.write(request)
            status = await _read_answer(reader)
            idle.append((time.perf_counter(), reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        latencies.append((time.perf_counter() - due) * 1000)
        failed += status not in expect

    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(requests):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(request, due))
    for _, _, writer in idle:
        writer.close()
    return Steady(sorted(latencies), failed)


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
        await reader.readexactly(int(length[1]))
    elif re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return status
