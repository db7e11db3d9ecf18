"""The variables the fast path reads: each in one place, with a default that works embedded."""

import os
from urllib.parse import urlsplit

from fastpath_lambda.sigv4 import Credentials

DEFAULT_QUEUE = "spillway-orders"
DEFAULT_DEAD_LETTERS = "spillway-orders-dead"


class BadSetting(ValueError):
    """A variable is missing or cannot be used. The message says which, and what to write."""


def redis_url() -> str:
    return _needed("REDIS_URL", "write redis://host:port/0")


def status_token_secret() -> str:
    return os.environ.get("STATUS_TOKEN_SECRET") or "embedded-only-status-secret"


def account_token_secret() -> str:
    return os.environ.get("ACCOUNT_TOKEN_SECRET") or "embedded-only-account-secret"


def region() -> str:
    return os.environ.get("AWS_REGION") or "us-east-1"


def queue_name() -> str:
    return os.environ.get("SQS_QUEUE_NAME") or DEFAULT_QUEUE


def dead_letter_queue_name() -> str:
    return os.environ.get("SQS_DEAD_LETTER_QUEUE_NAME") or DEFAULT_DEAD_LETTERS


def queue_url() -> str | None:
    """Known beforehand on AWS (template.yaml), which saves a cold start one call."""
    return os.environ.get("SQS_QUEUE_URL") or None


def sqs_endpoint() -> str:
    """Scheme and host of the service."""
    url = os.environ.get("SQS_ENDPOINT_URL") or f"https://sqs.{region()}.amazonaws.com"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"SQS_ENDPOINT_URL={url!r}: write http://host:port or https://host.")
    return f"{parts.scheme}://{parts.netloc}"


def credentials() -> Credentials:
    """From the environment, as a Lambda has them. An embedded queue takes any."""
    embedded = "test" if os.environ.get("SQS_ENDPOINT_URL") else None
    access_key = os.environ.get("AWS_ACCESS_KEY_ID") or embedded
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY") or embedded
    if not access_key or not secret_key:
        raise BadSetting("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed: set both.")
    return Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN") or None)


def _needed(name: str, fix: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise BadSetting(f"{name} is not set: {fix}.")
    return value
