"""AWS Signature Version 4 for one kind of request: a POST of JSON to the root of a service.

Hand-made because the hot path cannot afford an SDK: loading one takes longer than a
cold start may, and each of its calls costs more CPU than the whole order. A test holds
it against botocore's own signer.
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str | None = None  # temporary credentials, as a Lambda has them


@dataclass(frozen=True, slots=True)
class Signer:
    credentials: Credentials
    region: str
    service: str

    def sign(self, headers: dict[str, str], body: bytes, *, now: datetime) -> dict[str, str]:
        """The headers (names in small letters, `host` among them) with the signature's own beside them."""
        moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = headers | {"x-amz-date": moment}
        if self.credentials.session_token:
            signed["x-amz-security-token"] = self.credentials.session_token
        names = ";".join(sorted(signed))
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{_sha256(_canonical(signed, names, body))}"
        key = _signing_key(self.credentials.secret_key, moment[:8], self.region, self.service)
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return signed


def _canonical(headers: dict[str, str], names: str, body: bytes) -> bytes:
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return f"POST\n/\n\n{lines}\n{names}\n{_sha256(body)}".encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# It changes once a day; deriving it costs four hashes.
@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
