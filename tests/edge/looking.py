"""Between the audit's look at the ledger and its look at the database, things happen."""

from edge import audit
from fastpath_lambda.stores.redis import RedisLedger


class ActsAfterTheLook(RedisLedger):
    """Lets things happen between the audit's look at the ledger and its look at the database."""

    act = staticmethod(lambda: None)

    def count(self, product, generation):
        found = super().count(product, generation)
        self.act()
        return found


def find_unbalanced(make_steps, *, steps, store, monkeypatch):
    """Audit the one sale with every number of `steps` gone before the look, and between the two looks."""
    looking = ActsAfterTheLook(store)
    monkeypatch.setattr(audit, "connect", lambda: looking)
    unbalanced = []
    for before in range(steps):
        for between in range(steps - before):
            step = make_steps()
            for _ in range(before):
                next(step)
            looking.act = lambda step=step, between=between: [next(step) for _ in range(between)]
            (row,) = audit.audit()
            if not row.is_balanced:
                unbalanced.append((before, between, row))
    return unbalanced
