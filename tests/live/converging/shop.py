"""What happens meanwhile: a row of the shop's stock changes, and units of a sale are taken and come back."""

import random
import threading
import time
from contextlib import suppress

import redis
from django.db import connections, transaction

from fastpath_lambda.claims import Claim
from fastpath_lambda.stores.redis import RedisLedger
from live import receivers, snapshots
from shop import events
from shop.models import Category, OutboxEvent, Product, Sale, Sku, Stock
from tests.fastpath.world import ask, make_sale, release

UNITS = 20
ROOMS = ("product:desk", "product:lamp")


class Shop:
    """The desk is the shop's own; the lamp is on sale, and the ledger has its units."""

    def __init__(self, stage, *, seed):
        self._stage = stage
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._generation = 0
        self._ledger = RedisLedger(stage.client())
        self._claims: list[Claim] = []
        # A take under way would sell from a ledger that is being set up.
        self._selling = threading.Lock()
        category = Category.objects.create(name="Lights", slug="lights")
        self._desk, lamp = (
            Sku.objects.create(
                product=Product.objects.create(category=category, name=name, slug=name.lower()),
                code=name.upper(),
                price="149.99",
            )
            for name in ("Desk", "Lamp")
        )
        sale = Sale.objects.create(product=lamp.product, price="149.99", units=UNITS, state="open")
        Stock.objects.create(sku=self._desk, available=5)
        Stock.objects.create(sku=lamp, available=0, sale=sale)
        self._threads = [
            threading.Thread(target=self._until_stopped, args=[act])
            for act in (self._change_a_row, self._sell, self._deliver)
        ]

    def start(self):
        self.open_sale()
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Nothing changes any more, and everything was told."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._deliver()

    def open_sale(self):
        """A new generation of the lamp's sale, whatever became of the last one."""
        with self._selling:
            self._generation += 1
            self._claims.clear()
            self._sale = make_sale(generation=self._generation, limit_per_buyer=UNITS)
            self._ledger.vouch(True)
            self._ledger.load(self._sale, units={"LAMP": UNITS}, versions={"LAMP": 1})

    @property
    def truth(self):
        """Of each room what the database, or the ledger, has at the end."""
        (desk,) = snapshots.product("desk")
        count = self._ledger.count("lamp", self._generation)
        return {
            "product:desk": ("DESK", desk["available"], desk["version"]),
            "product:lamp": ("LAMP", count.left["LAMP"], count.versions["LAMP"]),
        }

    def _until_stopped(self, act):
        while not self._stopping.is_set():
            # With the store away there is nothing to be done but to try again.
            with suppress(redis.RedisError):
                act()
            time.sleep(self._random.uniform(0.005, 0.03))
        connections.close_all()

    @transaction.atomic
    def _change_a_row(self):
        available = self._random.choice((0, 0, 1, 2, 7))
        Stock.objects.filter(sku=self._desk).update(available=available)
        events.tell_stock([self._desk.pk])

    def _sell(self):
        with self._selling:
            if self._claims and self._random.random() < 0.45:
                claim = self._claims.pop(self._random.randrange(len(self._claims)))
                self._ledger.give_back(release(claim))
                return
            buyer, number = self._random.choice("abcdefgh"), self._random.randrange(10**9)
            request = ask(buyer, attempt=number, generation=self._generation)
            outcome = self._ledger.take(self._sale, request)
            if isinstance(outcome, Claim):
                self._claims.append(outcome)

    def _deliver(self):
        """What the relay does, and worse: out of order, some twice. All of it at least once."""
        happened = list(OutboxEvent.objects.order_by("id"))
        told = happened + self._random.sample(happened, len(happened) // 2)
        self._random.shuffle(told)
        half = len(told) // 2
        for part in (told[:half], told[half:]):
            receivers.deliver(part)
        OutboxEvent.objects.filter(pk__in=[event.pk for event in happened]).delete()
