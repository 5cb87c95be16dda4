"""What proves a vendor's webhook: a signature over the raw bytes, a fresh time, a token that only both ends know.

Every check raises ``SignatureInvalid`` with its cause (``missing``, ``malformed``, ``skew``, ``secret``) and says nothing about
what would have been right.  Comparisons take the same time wherever the difference is, and every secret is tried.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import parse_qs

from core.errors import SignatureInvalid
from core.ports.channel import RawRequest

TOLERANCE_S: Final = 300.0
MAX_TIME_CHARS: Final = 40
MAX_UNIX_DIGITS: Final = 12

Written = Literal["hex", "base64"]
Hash = Literal["sha1", "sha256"]


def sign(secret: str, signed: bytes, *, algorithm: Hash = "sha256", written: Written = "hex") -> str:
    """The signature of some bytes, as the vendor writes it, without a prefix."""
    mac = hmac.new(secret.encode(), signed, getattr(hashlib, algorithm))
    return mac.hexdigest() if written == "hex" else base64.b64encode(mac.digest()).decode()


def check_hmac(
    secrets: Sequence[str],
    given: str,
    signed: bytes,
    *,
    prefix: str = "",
    algorithm: Hash = "sha256",
    written: Written = "hex",
) -> None:
    """Prove ``signed`` by the header's value ``given``, which must begin with ``prefix`` (``sha256=``).

    Several secrets while rotating; with none nothing is proven.
    """
    if not given:
        raise SignatureInvalid("The signature is missing.", cause="missing")
    if not given.startswith(prefix):
        raise SignatureInvalid(f"The signature does not begin with {prefix}", cause="malformed")
    have = given[len(prefix) :].encode("utf-8", "replace")
    wanted = [sign(secret, signed, algorithm=algorithm, written=written).encode() for secret in secrets if secret]
    if not _is_among(wanted, have):
        raise SignatureInvalid("The signature does not match.", cause="secret")


def check_time(given: str, now: datetime, *, tolerance_s: float = TOLERANCE_S) -> None:
    """A time in Unix seconds or in ISO 8601 (UTC when it has no zone), at most ``tolerance_s`` from now on either side."""
    if not given:
        raise SignatureInvalid("The timestamp is missing.", cause="missing")
    at = _read_time(given)
    if at is None:
        raise SignatureInvalid("The timestamp is no time.", cause="malformed")
    if abs((now - at).total_seconds()) > tolerance_s:
        raise SignatureInvalid("The timestamp is too old or too new.", cause="skew")


def check_token(tokens: Sequence[str], given: str) -> None:
    """A token of a header or an address is one of ours; with none of ours nothing is proven."""
    if not given:
        raise SignatureInvalid("The token is missing.", cause="missing")
    if not _is_among([token.encode() for token in tokens if token], given.encode("utf-8", "replace")):
        raise SignatureInvalid("The token does not match.", cause="secret")


def query_token(request: RawRequest, name: str = "token") -> str:
    """The token in the address's query; "" when it is missing or given twice."""
    try:
        given = parse_qs(request.path.partition("?")[2], max_num_fields=20).get(name, [])
    except ValueError:  # more fields than any vendor sends
        return ""
    return given[0] if len(given) == 1 else ""


def header(request: RawRequest, name: str) -> str:
    """A header by its name in any case; "" when it is missing."""
    found = request.headers.get(name)
    if found is None:
        found = next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")
    return found


def _is_among(wanted: Sequence[bytes], have: bytes) -> bool:
    matches = [hmac.compare_digest(want, have) for want in wanted]
    return any(matches)


def _read_time(given: str) -> datetime | None:
    if len(given) > MAX_TIME_CHARS or not given.isascii():
        return None
    try:
        if given.isdigit():
            return datetime.fromtimestamp(int(given), UTC) if len(given) <= MAX_UNIX_DIGITS else None
        at = datetime.fromisoformat(given)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
