"""What the scripted model says in the benchmark: answers of about 70 words, whose sentences the demo company's pages hold."""

from __future__ import annotations

from typing import Any

ANSWERS: dict[str, tuple[str, str, str]] = {
    "How long do I have to return something?": (
        "return",
        "within .{1,8}days.{0,2} of delivery, without",
        "You may return most goods within 30 days of delivery, without giving a reason. {{source}} They must be unused and in "
        "their original packaging; you may of course open the box and look. {{source}} Tools, watering and furniture have a "
        "return window of 30 days and must be unused and complete. {{source}} There is no return of opened seed packets and "
        "cut-to-size goods. {{source}} Living plants and bulbs have the arrival guarantee instead. {{source}} Christmas gifts "
        "bought from 1 November can be returned until 31 January, unused and complete. {{source}}",
    ),
    "What can I pay with, and when is my card charged?": (
        "charged",
        "There are no surcharges",
        "You can pay with Visa, Mastercard and American Express, PayPal, Apple Pay, Google Pay, Klarna, bank transfer and gift "
        "cards. {{source}} There are no surcharges. {{source}} We do not take cash on delivery or cheques. {{source}} Cards are "
        "charged when the order is shipped. {{source}} PayPal is charged at once. {{source}} Klarna is charged 30 days after "
        "shipping. {{source}} Klarna is available to private customers in the UK, Germany, Austria, Belgium and the "
        "Netherlands. {{source}} With a bank transfer from £200 or €200 we ship when the money is here. {{source}}",
    ),
    "How do I clean my Wren secateurs?": (
        "secateurs",
        "oil the joint once a month",
        "Clean the blade after use and oil the joint once a month. {{source}} Wren secateurs can be taken apart with a 10 mm "
        "spanner; all parts are available. {{source}} The blade WR-BLD costs £11.90 / €13.90. {{source}} The spring WR-SPR "
        "costs £2.90 / €3.40. {{source}} The buffer and bolt set WR-SET costs £4.50 / €5.20. {{source}} All parts of the Wren "
        "secateurs are available, so clean the blade and oil the joint. {{source}}",
    ),
}
"""Question → a word of it, a pattern of the page's chunk, the answer."""

QUESTIONS = tuple(ANSWERS)


def script(*, first_token_s: float, tokens_per_s: float) -> dict[str, Any]:
    """A whole script at a pace."""
    rules = [
        {"when": {"words": word, "source": source}, "then": {"text": text}} for word, source, text in ANSWERS.values()
    ]
    return {"first_token_s": first_token_s, "tokens_per_s": tokens_per_s, "rules": rules}
