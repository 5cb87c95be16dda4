"""What a vendor's profile adds to a contact: a name, an address, a language, none of them proven."""

from __future__ import annotations

from dataclasses import replace

from core.domain import Contact


def completed(known: Contact, told: Contact) -> Contact:
    """The contact with what was missing; ``verified`` and the customer account stay as they are.

    A verified contact takes nothing: ``verified`` speaks for every field, so an unproven name beside it would pass as proven.
    """
    if known.verified:
        return known
    return replace(
        known,
        name=known.name or told.name,
        email=known.email or told.email,
        locale=known.locale or told.locale,
    )
