"""Slack's error words → our errors: the one place (Web API, checked 2026-11-21).

``fatal_error`` and its kin may strike after the message was posted, so they are not certain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
    Unsupported,
)

ERRORS: Final[Mapping[str, type[DeliveryError]]] = {
    "ratelimited": Throttled,
    "rate_limited": Throttled,
    "message_limit_exceeded": Throttled,
    "service_unavailable": ProviderUnavailable,
    "team_added_to_org": ProviderUnavailable,
    "internal_error": OutcomeUnknown,
    "fatal_error": OutcomeUnknown,
    "request_timeout": OutcomeUnknown,
    "invalid_auth": CredentialsInvalid,
    "not_authed": CredentialsInvalid,
    "account_inactive": CredentialsInvalid,
    "token_revoked": CredentialsInvalid,
    "token_expired": CredentialsInvalid,
    "missing_scope": CredentialsInvalid,
    "no_permission": CredentialsInvalid,
    "org_login_required": CredentialsInvalid,
    "ekm_access_denied": CredentialsInvalid,
    "enterprise_is_restricted": CredentialsInvalid,
    "access_denied": CredentialsInvalid,
    "invalid_refresh_token": CredentialsInvalid,
    "invalid_client_id": CredentialsInvalid,
    "bad_client_secret": CredentialsInvalid,
    "not_allowed_token_type": CredentialsInvalid,
    "channel_not_found": ContactGone,
    "not_in_channel": ContactGone,
    "is_archived": ContactGone,
    "user_not_found": ContactGone,
    "users_not_found": ContactGone,
    "user_disabled": ContactGone,
    "user_not_visible": ContactGone,
    "cannot_dm_bot": ContactGone,
    "thread_not_found": ContactGone,
    "unknown_method": Unsupported,
    "method_deprecated": Unsupported,
    "method_not_supported_for_channel_type": Unsupported,
    "channel_type_not_supported": Unsupported,
    "feature_not_enabled": Unsupported,
}
"""What is not here is a refusal of this message: ``MessageRejected``."""

STATUSES: Final[Mapping[int, type[DeliveryError]]] = {
    401: CredentialsInvalid,
    403: CredentialsInvalid,
    413: MessageRejected,
    429: Throttled,
    503: ProviderUnavailable,
}

NOT_STREAMING: Final = frozenset({"message_not_in_streaming_state", "message_not_owned_by_app"})
"""The stream is over, by time or by us: the message is finished by changing it."""

NO_STREAMS: Final = frozenset(
    {
        "unknown_method",
        "method_deprecated",
        "method_not_supported_for_channel_type",
        "channel_type_not_supported",
        "feature_not_enabled",
        "not_allowed_token_type",
        "missing_recipient_team_id",
        "missing_recipient_user_id",
        "missing_scope",
        "no_permission",
    }
)
"""This workspace or room takes no streams, or no status: do without."""

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")


class Refused(Exception):
    """Slack's refusal in its own word."""

    def __init__(self, word: str, *, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(word)
        self.word = word
        self.status = status
        self.retry_after_s = retry_after_s

    def as_error(self) -> DeliveryError:
        """What it means for a delivery."""
        kind = ERRORS.get(self.word)
        if kind is None:
            kind = STATUSES.get(self.status) or (OutcomeUnknown if self.status >= 500 else MessageRejected)
        word = self.word if _WORD.fullmatch(self.word) else f"status {self.status}"
        return kind(f"Slack answered {word}.", retry_after_s=self.retry_after_s)
