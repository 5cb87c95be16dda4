"""What Teams is given for a reply: its Markdown, its labels and cards, and never more than it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from microsoft_agents.activity import Activity as VendorActivity

from adapters.shared.splitting import utf16_len
from adapters.teams.markdown import markdown
from adapters.teams.render import BODY_BYTES, MAX_CITATIONS, PART_UNITS, Look, growing, render, size_bytes
from core import markup
from core.domain import Attachment, HandoffReason, Message, MessageKind, Role
from gateway.lab.teams.checks import check_message
from gateway.lab.teams.shown import words
from tests.contracts.channel_world import citation, message

PLAIN = Look(ai_label=False, feedback=False)
FULL = Look(ai_label=True, feedback=True)


def shown(said: Message, look: Look = FULL, **links: str) -> list[dict[str, Any]]:
    return render(said, links=links, look=look)


def text_of(said: Message, look: Look = FULL) -> str:
    (activity,) = shown(said, look)
    return str(activity["text"])


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("Plain words.", "Plain words."),
        ("**bold** and *soft* and `code`", "**bold** and _soft_ and `code`"),
        ("# One\n\n##### Five", "# One\n\n### Five"),
        ("- a\n- b\n  - c", "- a\n- b\n  - c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> said\n>\n> twice", "> said\n>\n> twice"),
        ("```\na < b\n```", "```\na < b\n```"),
        ("one\\\ntwo", "one<br>two"),
        ("[our rules](https://a.example/x_(y))", "[our rules](https://a.example/x_%28y%29)"),
        ("2 \\* 3 \\_ 4 \\~ \\[x\\]", "2 \\* 3 \\_ 4 \\~ \\[x\\]"),
        ("\\# no heading", "\\# no heading"),
        ("1986\\. A good year", "1986\\. A good year"),
        ("\\- no list", "\\- no list"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<b>x</b>", "&lt;b>x&lt;/b>"),
        ("`` a ` b ``", "``a ` b``"),
        ("Said [1] and [2].", "Said [1] and [2]."),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "- a: **1**; b: 2"),
    ],
)
def test_markdown_as_teams_reads_it(given_text: str, wanted: str) -> None:
    assert markdown(markup.parse(given_text)) == wanted


@pytest.mark.parametrize(
    "text", ["<at>Kim</at>", "@everyone", "@channel look", "`<at>Kim</at>`", "```\n@everyone\n```"]
)
def test_mentions_call_nobody(text: str) -> None:
    for role in (Role.BOT, Role.AGENT, Role.SYSTEM):
        said = text_of(message(text, role=role, author="<at>Sam</at> @everyone"))
        assert "<at>" not in said and "@everyone" not in said and "@channel" not in said


@given(st.text(alphabet=st.sampled_from("ab *_~`[]()#>-+1.<&\\\n|!")))
def test_nobody_elses_words_become_markup(text: str) -> None:
    """A notice is plain text: read as Markdown by Teams, it says the same words again."""
    said = message(text, role=Role.SYSTEM)
    flat = "".join(markup.to_text(markup.parse_plain(text)).split())
    heard = "".join("".join(words(activity) for activity in shown(said)).replace("\u200b", "").split())
    assert heard == flat


def test_a_reply_of_the_bot_is_labelled_and_can_be_rated() -> None:
    (activity,) = shown(message("Within 30 days [1].", citations=(citation(1), citation(1, "Again"))))
    (entity,) = activity["entities"]
    assert entity["additionalType"] == ["AIGeneratedContent"]
    (claim,) = entity["citation"]
    assert claim["position"] == 1 and claim["appearance"]["name"] == "Returns"
    assert (
        claim["appearance"]["url"] == "https://shop.example/returns"
        and claim["appearance"]["abstract"] == "within 30 days"
    )
    assert activity["channelData"] == {"feedbackLoop": {"type": "default"}}


def test_labels_can_be_left_out() -> None:
    (activity,) = shown(message("Within 30 days."), PLAIN)
    assert "entities" not in activity and "channelData" not in activity
    (cited,) = shown(message("Within 30 days [1].", citations=(citation(1),)), PLAIN)
    assert "additionalType" not in cited["entities"][0]


@pytest.mark.parametrize("role", [Role.AGENT, Role.SYSTEM])
def test_only_the_bot_is_labelled(role: Role) -> None:
    (activity,) = shown(message("Hello", role=role, author="Sam *Rivers*"))
    assert "entities" not in activity and "channelData" not in activity
    if role is Role.AGENT:
        assert activity["text"] == "**Sam \\*Rivers\\***\n\nHello"


def test_a_source_nobody_cites_is_left_out_and_one_too_many_stands_below() -> None:
    many = tuple(citation(number, f"T{number}") for number in range(1, 13))
    (uncited,) = shown(message("No marks.", citations=many[:2]))
    assert "citation" not in uncited["entities"][0]
    (activity,) = shown(message(" ".join(f"[{number}]" for number in range(1, 13)), citations=many))
    assert len(activity["entities"][0]["citation"]) == MAX_CITATIONS
    assert activity["text"].endswith(
        "[11] [T11](https://shop.example/returns)<br>[12] [T12](https://shop.example/returns)"
    )


def test_choices_and_the_offer_of_a_person_are_one_card_of_its_own() -> None:
    said = replace(message("Shall I?", choices=("Yes", "No")), proposal=HandoffReason.NO_ANSWER)
    text, card = render(said, links={}, look=Look(ai_label=True, feedback=True, language="de"))
    assert text["text"] == "Shall I?" and "attachments" not in text and "text" not in card
    actions = card["attachments"][0]["content"]["actions"]
    assert [action["title"] for action in actions] == ["Yes", "No", "Mit einem Menschen sprechen"]
    assert actions[0]["data"]["frontdesk"] == {"choice": "Yes"} and actions[2]["data"]["frontdesk"] == {"person": True}
    many = replace(said, choices=tuple("abcdefgh"))
    assert len(render(many, links={}, look=FULL)[-1]["attachments"][0]["content"]["actions"]) == 6


def test_how_it_went_is_asked_by_five_stars() -> None:
    text, card = shown(message("How was it?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST))
    assert text["text"] == "How was it?"
    actions = card["attachments"][0]["content"]["actions"]
    assert [action["data"]["frontdesk"]["rating"] for action in actions] == [1, 2, 3, 4, 5]
    assert {action["type"] for action in actions} == {"Action.Execute"}


def attachment(name: str, media_type: str, size: int = 10) -> Attachment:
    return Attachment(id=f"u_{name}", name=name, media_type=media_type, size_bytes=size)


def test_files_are_links_and_pictures_are_shown() -> None:
    files = (
        attachment("a.pdf", "application/pdf"),
        attachment("b.png", "image/png"),
        attachment("c.png", "image/png", 2_000_000),
    )
    said = message("Here", role=Role.AGENT, attachments=files)
    links = {item.id: f"https://files.example/{item.name}" for item in files}
    text, picture = render(said, links=links, look=FULL)
    assert text["text"] == "Here\n\n- [a.pdf](https://files.example/a.pdf)\n- [c.png](https://files.example/c.png)"
    assert picture["attachments"] == [
        {"contentType": "image/png", "contentUrl": "https://files.example/b.png", "name": "b.png"}
    ]


def test_a_file_alone_is_a_message() -> None:
    said = message("", role=Role.AGENT, attachments=(attachment("b.png", "image/png"),))
    (picture,) = render(said, links={"u_b.png": "https://files.example/b"}, look=FULL)
    assert picture["attachments"][0]["name"] == "b.png"


def test_nothing_is_nothing() -> None:
    assert shown(message(" \n ")) == []


def test_a_long_reply_is_split_and_no_part_is_too_large() -> None:
    cites = tuple(citation(number, "T" * 300, "https://a.example/" + "x" * 900) for number in range(1, 11))
    sentence = "".join(f"A sentence with mark [{number}] in it, 返品 👍. " for number in range(1, 11))
    parts = shown(message(sentence * 120, citations=cites, choices=("Yes",)))
    assert len(parts) > 3
    for part in parts:
        assert utf16_len(part.get("text", "")) <= PART_UNITS and size_bytes(part) <= BODY_BYTES
    assert [bool(part.get("attachments")) for part in parts] == [False] * (len(parts) - 1) + [True]


def test_citations_give_way_when_a_message_grows_too_large() -> None:
    address = "https://a.example/" + "x" * 970
    cites = tuple(citation(number, "T" * 100, address) for number in range(1, 40))
    text = "".join(f"[{number}] " for number in range(1, 40)) + '"' * 11_000
    (activity,) = shown(message(text, citations=cites))
    assert size_bytes(activity) <= BODY_BYTES + 20_000 and "citation" not in activity["entities"][0]
    assert "[25] " in activity["text"].rpartition("<br>")[2]


@pytest.mark.parametrize(
    "said",
    [
        message("Within 30 days [1].", citations=(citation(1),), choices=("Yes", "No")),
        message("Hello", role=Role.AGENT, author="Sam"),
        message("How was it?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST),
        message("x [1]", citations=(citation(1, "T" * 500, None),)),
    ],
)
def test_the_vendors_own_models_and_rules_take_it(said: Message) -> None:
    for activity in shown(said):
        read = VendorActivity.model_validate(activity)
        assert read.type == "message" and (read.text or read.attachments)
        check_message(activity)


@pytest.mark.parametrize(
    ("so_far", "wanted"),
    [
        ("One. Two", "One. Two"),
        ("See:\n\n```\nx = 1", "See:"),
        ("See:\n\n```\nx = 1\n```", "See:\n\n```\nx = 1\n```"),
        ("Sizes:\n\n| a | b |\n|---|", "Sizes:"),
        ("", ""),
    ],
)
def test_what_may_still_change_is_not_shown_yet(so_far: str, wanted: str) -> None:
    assert growing(so_far) == wanted


def test_a_growing_reply_only_grows() -> None:
    text = "# Sizes\n\nThey are **these** [1].\n\n- one\n- two, `x`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    text += "```\ncode\n```\n\nThat is all."
    sentences = [text[: at + 1] for at, char in enumerate(text) if char in ".\n"]
    earlier = ""
    for so_far in [*sentences, text]:
        now = growing(so_far)
        assert now.startswith(earlier), (earlier, now)
        earlier = now
    assert earlier == text_of(message(text))
