"""Addresses of services as an operator gives them: https, or http to this machine itself."""

from __future__ import annotations

from yarl import URL

from core.vendors.guard import is_loopback


def checked_address(text: str) -> str:
    """The address as it was given; ``ValueError`` with the mend when calls may not go there."""
    try:
        url = URL(text)
        host, has_port = url.raw_host or "", url.port is not None
    except ValueError:
        raise ValueError("this is no address; write it like https://help.example.com") from None
    if url.scheme not in ("https", "http") or not host or not has_port:
        raise ValueError("this is no address; write it like https://help.example.com")
    if url.user is not None or url.password is not None:
        raise ValueError("an address carries no name and password; secrets have settings of their own")
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError("only https is taken (http is for this machine itself, in tests and the lab)")
    return text
