"""What proves a helpdesk's webhook: the checks that all rooms share, as desks know them."""

from core.vendors.proof import (
    MAX_TIME_CHARS,
    MAX_UNIX_DIGITS,
    TOLERANCE_S,
    Hash,
    Written,
    check_hmac,
    check_time,
    check_token,
    header,
    query_token,
    sign,
)

__all__ = [
    "MAX_TIME_CHARS",
    "MAX_UNIX_DIGITS",
    "TOLERANCE_S",
    "Hash",
    "Written",
    "check_hmac",
    "check_time",
    "check_token",
    "header",
    "query_token",
    "sign",
]
