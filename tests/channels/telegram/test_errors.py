"""How Telegram refuses: each answer is one error, and what nobody can know is unknown."""

from __future__ import annotations

import httpx
import pytest
from telegram import error as sdk

from adapters.telegram.errors import (
    GroupMoved,
    MessageMissing,
    ParseRefused,
    PictureRefused,
    Unchanged,
    of_sdk,
    refusal,
)
from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (400, "Bad Request: can't parse entities: Unsupported start tag", ParseRefused),
        (400, "Bad Request: message is not modified: specified new …", Unchanged),
        (400, "Bad Request: message to edit not found", MessageMissing),
        (400, "Bad Request: IMAGE_PROCESS_FAILED", PictureRefused),
        (400, "Bad Request: chat not found", ContactGone),
        (400, "Bad Request: PEER_ID_INVALID", ContactGone),
        (400, "Bad Request: not enough rights to send text messages to the chat", ContactGone),
        (400, "Bad Request: message is too long", MessageRejected),
        (400, "Bad Request: BUTTON_DATA_INVALID", MessageRejected),
        (401, "Unauthorized", CredentialsInvalid),
        (403, "Forbidden: bot was blocked by the user", ContactGone),
        (403, "Forbidden: user is deactivated", ContactGone),
        (404, "Not Found", CredentialsInvalid),
        (413, "Request Entity Too Large", MessageRejected),
        (429, "Too Many Requests: retry after 14", Throttled),
        (500, "Internal Server Error", ProviderUnavailable),
        (502, "Bad Gateway: chat not found", ProviderUnavailable),
        (504, "Gateway Timeout", OutcomeUnknown),
    ],
)
def test_answers(status: int, description: str, kind: type[DeliveryError]) -> None:
    assert type(refusal(status, description)) is kind


def caused(error: sdk.TelegramError, cause: Exception) -> sdk.TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (caused(sdk.NetworkError("x"), httpx.ConnectError("x")), ProviderUnavailable),
        (caused(sdk.TimedOut("x"), httpx.ConnectTimeout("x")), ProviderUnavailable),
        (caused(sdk.TimedOut("x"), httpx.PoolTimeout("x")), ProviderUnavailable),
        (caused(sdk.TimedOut("x"), httpx.ReadTimeout("x")), OutcomeUnknown),
        (caused(sdk.TimedOut("x"), httpx.WriteTimeout("x")), OutcomeUnknown),
        (caused(sdk.NetworkError("x"), httpx.ReadError("x")), OutcomeUnknown),
        (caused(sdk.NetworkError("x"), httpx.RemoteProtocolError("x")), OutcomeUnknown),
        (caused(sdk.NetworkError("Unknown error in HTTP implementation"), RuntimeError("x")), OutcomeUnknown),
        (caused(sdk.NetworkError("Bad Gateway (502). Parsing …"), sdk.TelegramError("x")), ProviderUnavailable),
        (caused(sdk.NetworkError("Gateway Timeout (504). Parsing …"), sdk.TelegramError("x")), OutcomeUnknown),
        (sdk.NetworkError("Internal Server Error"), ProviderUnavailable),
        (sdk.NetworkError("Request Entity Too Large"), MessageRejected),
        (sdk.TimedOut(), OutcomeUnknown),
        (sdk.TelegramError("Invalid server response"), OutcomeUnknown),
        (sdk.BadRequest("chat not found"), ContactGone),
        (sdk.InvalidToken("Unauthorized"), CredentialsInvalid),
        (sdk.Forbidden("bot was kicked from the group chat"), ContactGone),
    ],
)
def test_what_the_sdk_raises(error: sdk.TelegramError, kind: type[DeliveryError]) -> None:
    assert type(of_sdk(error)) is kind


def test_a_moved_group_tells_where_to() -> None:
    moved = of_sdk(sdk.ChatMigrated(-1005))
    assert isinstance(moved, GroupMoved) and moved.chat == -1005 and moved.retryable


def test_descriptions_are_not_passed_on() -> None:
    found = refusal(400, "Bad Request: can't parse entities: unexpected <my-secret> at byte offset 7")
    assert "my-secret" not in found.safe_message
