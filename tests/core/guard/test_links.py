"""Only links that the evidence or the operator vouches for."""

from __future__ import annotations

import pytest

from core.guard.links import host_of, wrong_links

EVIDENCE = ("see https://shop.example/returns or help.shop.example for more.",)


def wrong(sentence: str, *allowed: str) -> list[str]:
    return list(wrong_links(sentence, evidence=EVIDENCE, allowed=allowed))


@pytest.mark.parametrize(
    "sentence",
    [
        "See https://shop.example/returns.",
        "See [the page](https://shop.example/returns).",
        "See <https://shop.example/returns>",
        "See www.shop.example or help.shop.example.",
        "Run setup.py, then read README.md and main.rs.",
        "Version 4.1.1 costs 3.95 a month, e.g. today.",
        "Write to [us](mailto:a@b.example).",
        "See [shop.example](https://shop.example/returns).",
    ],
)
def test_fine(sentence: str) -> None:
    assert wrong(sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "See https://evil.example/returns.",
        "See [the page](https://evil.example).",
        "See [https://shop.example/returns](https://evil.example).",
        "See [shop.example](https://help.shop.example.evil.com/).",
        "See <https://evil.example/x>",
        "See evil.com now",
        "See shop.example.evil.com now",
        "See notshop.example now",
        "See [x](//evil.example/y).",
        "See [x](https://shop.example@evil.example/).",
        "See [x](javascript:alert(1)).",
        "See [x](data:text/html;base64,xx).",
        "![pixel](https://evil.example/p.png?d=secret)",
        "See https://shoр.example/returns.",
        "[1]: https://evil.example",
        'See <a href="https://shop.example">x</a>',
        "See пример.рф for more",
    ],
)
def test_wrong(sentence: str) -> None:
    assert wrong(sentence)


def test_allowed_hosts_and_addresses() -> None:
    assert wrong("See https://docs.acme.example/x.", "acme.example") == []
    assert wrong("See https://acme.example/help/a.", "https://acme.example/help/") == []
    assert wrong("See https://acme.example/other.", "https://acme.example/help/")
    assert wrong("See https://acme.example/helpless.", "https://acme.example/help/")
    assert wrong("See https://notacme.example.", "acme.example")
    assert wrong("See [acme.example](https://docs.acme.example.evil.com).", "acme.example")


def test_hosts_are_read_as_a_browser_reads_them() -> None:
    assert host_of("https://a.example@evil.example/") == "evil.example"
    assert host_of("https:\\\\evil.example\\x") == "evil.example"
    assert host_of("HTTPS://WWW.Shop.Example:443/x") == "shop.example"
    assert host_of("javascript:alert(1)") is None
