"""The stores that keep the ledger's promise (ledger.py). One contract test holds them all to it."""
