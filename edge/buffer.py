"""The shop's own connection to the buffer of claims: for those who look at it, and do not wait long."""

from functools import cache

from fastpath_lambda.sqs import Queue


@cache
def connect() -> Queue:
    return Queue.from_environment(timeout=1.0)
