"""RT's JSON as structs: only what we read (RT 5.0.3's REST2)."""

from __future__ import annotations

from typing import Any

import msgspec


class Linked(msgspec.Struct, frozen=True):
    """A pointer to another record; ``Name`` when it was asked for."""

    id: str = ""
    Name: str = ""


class FieldWire(msgspec.Struct, frozen=True):
    """A custom field of a ticket."""

    name: str = ""
    values: list[Any] = []


class TicketWire(msgspec.Struct, frozen=True):
    """A ticket; ``id`` is another one's when it was merged."""

    id: int | str
    Status: str = ""
    LastUpdated: str = ""
    Owner: Linked = Linked()
    Queue: Linked = Linked()
    LastUpdatedBy: Linked = Linked()
    CustomFields: list[FieldWire] = []


class TransactionWire(msgspec.Struct, frozen=True):
    """One line of a ticket's history; ``Data`` is the subject of what was written."""

    id: str
    Type: str = ""
    Created: str = ""
    Creator: Linked = Linked()
    Data: str | None = None
    NewValue: str | None = None
    ObjectId: str | None = None


class PartWire(msgspec.Struct, frozen=True):
    """A part of what was written: its text, or a file.  ``Headers`` has its length."""

    id: str
    ContentType: str = ""
    Filename: str | None = None
    Headers: str | None = None


class UserWire(msgspec.Struct, frozen=True):
    """A user; agents are privileged.  Only our own user's ``id`` is told without further rights."""

    id: int | str = ""
    Name: str = ""
    RealName: str | None = None
    EmailAddress: str | None = None
    Privileged: int | str = 0


class QueueWire(msgspec.Struct, frozen=True):
    """A queue and the names of its tickets' custom fields."""

    id: int | str
    Name: str = ""
    Lifecycle: str = ""
    TicketCustomFields: list[FieldWire] = []
