"""From an order's answer to the last viewer who sees it: edge, take, log, hub, and the coalescing.

All six processes run, a sale is open, and its product's room is watched. Orders come one
after another at random moments. For each the last of the viewers counts, the one who saw
its unit go after all others did.

    .venv/bin/python -m bench.live_order [--connections 10000] [--orders 150]
"""

import random
import statistics
import time

import redis

from bench import live_stage, stage
from bench.live_audience import Audience, audience, errors
from bench.live_knowledge import Summary
from bench.live_shop import Buyers, OnSale, live_port, open_sales, whole_shop
from fastpath_lambda import keys

UNITS = 5_000
SETTLING = 2.0


def measure(shop: stage.Stage, product: OnSale, viewers: Audience, orders: int) -> list[object]:
    store = redis.Redis.from_url(shop.variables["REDIS_URL"])
    buyers = Buyers(shop)
    time.sleep(SETTLING)
    viewers.steps()
    placed = []
    for _ in range(orders):
        answered_at = buyers.order(product)
        # Nobody else orders, so whoever is here has seen it.
        placed.append((answered_at, offset(store, product)))
        time.sleep(random.uniform(0.02, 0.3))
    viewers.wait_until_at({product.room: placed[-1][1]})
    steps = viewers.steps()
    took = sorted(1000 * (last_arrival(steps, at) - answered_at) for answered_at, at in placed)
    ends = (statistics.median(took), took[int((len(took) - 1) * 0.99)], took[-1])
    return [f"{viewers.count:,}", orders, *(f"{end:.0f}" for end in ends), sum(errors(steps).values())]


def offset(store: redis.Redis, product: OnSale) -> int:
    # redis-py types its commands as both synchronous and not.
    found: object = store.hget(keys.room_meta(product.room), "offset")
    return int(found) if isinstance(found, bytes) else 0


def last_arrival(steps: list[Summary], position: int) -> float:
    """When the last of those who had not come to this position came to it."""
    return max(step.last for step in steps if step.before < position <= step.after)


def main() -> None:
    options = stage.options(
        __doc__, connections=(10_000, "viewers, at `live` itself"), orders=(150, "one after another")
    )
    print(stage.versions())
    with whole_shop("live_order", connections=options.connections) as shop:
        (product,) = open_sales(shop, 1, units=UNITS)
        with audience(options.connections, port=live_port(shop), rooms=[product.room]) as viewers:
            row = measure(shop, product, viewers, options.orders)
    headings = [
        "viewers",
        "orders",
        "answered → last viewer has it, ms: median",
        "p99 (aim: 250)",
        "most",
        "errors",
    ]
    print(live_stage.table("An order on its way to everybody", headings, [row]))


if __name__ == "__main__":
    main()
