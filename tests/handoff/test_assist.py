"""Suggested replies and snippets."""

from __future__ import annotations

from core.domain import Contact, MessageKind, Role, Visibility
from handoff.assist import as_agent, filled, suggestions
from tests.handoff.examples import citation, draft, head, said


def test_the_newest_drafts_since_the_contact_spoke() -> None:
    messages = (
        said(Role.CONTACT, "first", 1),
        draft("answer to first", 1, index=1),
        said(Role.CONTACT, "second", 2),
        draft("answer to second", 2, index=1),
        said(Role.AGENT, "a note", 3, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL),
    )
    assert [found.text for found in suggestions(messages)] == ["answer to second"]


def test_nothing_is_suggested_once_a_person_has_answered() -> None:
    messages = (said(Role.CONTACT, "q", 1), draft("d", 1, index=1), said(Role.AGENT, "answered", 2))
    assert suggestions(messages) == ()


def test_an_overtaken_bot_reply_is_a_suggestion_too() -> None:
    overtaken = said(Role.BOT, "too late", 1, index=1, visibility=Visibility.INTERNAL)
    assert [found.message_id for found in suggestions((said(Role.CONTACT, "q", 1), overtaken))] == [overtaken.id]


def test_a_reply_the_contact_has_seen_is_not_suggested_again() -> None:
    assert suggestions((said(Role.CONTACT, "q", 1), said(Role.BOT, "seen", 1, index=1))) == ()


def test_marks_become_links_and_other_brackets_stay() -> None:
    sources = (citation(1, "Re[turns]", "https://help.example/r"), citation(2, "Inside", None))
    assert as_agent("Within 30 days [1], dry [2]. See array[7] and [x].", sources) == (
        "Within 30 days, dry. See array[7] and [x].\n\n[Re\\[turns\\]](<https://help.example/r>)"
    )


def test_only_web_addresses_become_links() -> None:
    assert as_agent("A [1]", (citation(1, "T", "javascript:alert(1)"),)) == "A"
    assert as_agent("A [1]", (citation(1, "T", "https://x.example/> [y](z"),)) == "A"


def test_snippets_are_filled_in() -> None:
    texts = (("Hi", "Hello {contact}, this is {agent}. {else}"),)
    known = head(contact=Contact(id="1", name="Maria"))
    assert filled(texts, known, agent="Sam")[0].text == "Hello Maria, this is Sam. {else}"
    assert filled(texts, head(), agent="Sam")[0].text == "Hello, this is Sam. {else}"
