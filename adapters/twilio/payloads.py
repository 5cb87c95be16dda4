"""The form fields of Twilio's webhooks that we read (parameters are added without notice; unknown ones are left alone)."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from core.errors import PayloadInvalid

T = TypeVar("T")


class Inbound(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A message of a contact.  Media come as ``MediaUrl0``, ``MediaContentType0`` … beside it."""

    message_sid: str = ""
    sms_message_sid: str = ""
    from_: str = msgspec.field(default="", name="From")
    to: str = ""
    body: str = ""
    num_media: int = 0
    message_type: str = ""
    opt_out_type: str = ""
    profile_name: str = ""
    external_user_id: str = ""
    button_text: str = ""
    button_payload: str = ""
    list_id: str = ""
    list_title: str = ""
    latitude: str = ""
    longitude: str = ""
    address: str = ""
    label: str = ""
    original_replied_message_sid: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What became of a message we sent."""

    message_sid: str = ""
    message_status: str = ""
    to: str = ""
    external_user_id: str = ""
    error_code: str = ""


def read(fields: dict[str, str], shape: type[T]) -> T:
    """The fields as a payload; ``PayloadInvalid`` when a number is none."""
    try:
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError:
        raise PayloadInvalid("A field is not what Twilio sends.", field="/NumMedia") from None
