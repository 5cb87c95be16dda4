"""Which words of a sentence are names."""

from __future__ import annotations

import pytest

from core.guard.names import names


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("You can sync it with Shopify and WooCommerce on an iPhone.", "en", ["Shopify", "WooCommerce", "iPhone"]),
        ("Shopify lets you sell online.", "en", ["Shopify"]),
        ("Acme Portal prints labels.", "en", ["Acme", "Portal"]),
        ("Zorbix's plan is cheap.", "en", ["Zorbix's"]),
        ("Click Checkout. Then open your account.", "en", ["Checkout"]),
        ("Customers can return items.", "en", []),
        ("Unfortunately, I can't help.", "en", []),
        ("Your refund goes to Anna Schmidt.", "en", ["Anna", "Schmidt"]),
        ("Use the SSO login with your ID.", "en", ["SSO"]),
        ("Rücksendungen sind kostenlos und die Rücksendefrist beträgt zwei Wochen.", "de", []),
        ("Klicken Sie auf Einstellungen und dann auf das Konto.", "de", []),
        ("Bitte wenden Sie sich an Anna Schmidt.", "de", ["Anna", "Schmidt"]),
        ("Der Versand mit DHL dauert zwei Tage.", "de", ["DHL"]),
        ("Das gilt auch bei Amazon.", "de", ["Amazon"]),
        ("Contactez Colissimo pour le suivi.", "fr", ["Colissimo"]),
        ("Puede pagar con Bizum en la tienda.", "es", ["Bizum"]),
        ("Può pagare con Satispay.", "it", ["Satispay"]),
        ("U kunt betalen met Klarna.", "nl", ["Klarna"]),
        ("Pode pagar com o Multibanco.", "pt", ["Multibanco"]),
        ("We open on Monday in January.", "en", []),
    ],
)
def test_names(text: str, language: str, expected: list[str]) -> None:
    assert [name.word for name in names(text, language)] == expected


def test_a_heading_of_our_own_may_be_in_title_case_but_not_one_that_cites() -> None:
    assert list(names("How You Return Your Parcel", "en")) == []
    assert [name.word for name in names("How You Return Zorbix Parcels", "en", is_cited=True)] == ["Zorbix", "Parcels"]
