"""Reading prompts: the engine's own fences, others like them, and what is no fence."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.untrusted.fence import Kind, fence, nonce_for
from gateway.lab.model import fences
from gateway.lab.model.seen import language_of
from tests.lab.model.served import after_call, asked
from tests.lab.model.test_script import seen

NONCE = nonce_for(b"secret", "turn-1")


def test_the_engines_own_fences() -> None:
    prompt = "Sources:\n" + "\n".join(
        (
            fence(Kind.KNOWLEDGE, "Returns\nReturns › Costs\nWithin 30 days.", name="1", nonce=NONCE),
            fence(Kind.KNOWLEDGE, "The label costs < £4 << cheap.", name="2", nonce=NONCE),
            fence(Kind.CONTACT, "May I return it?", name="the message to answer", nonce=NONCE),
        )
    )
    assert fences.sources(prompt) == {
        1: "Returns\nReturns › Costs\nWithin 30 days.",
        2: "The label costs < £4 << cheap.",
    }
    assert fences.words_of_contact(prompt) == "May I return it?"
    assert fences.outside(prompt) == "Sources:"


@given(text=st.text(max_size=200), number=st.integers(1, 99))
def test_any_text_comes_out_of_the_engines_fence_as_one_source(text: str, number: int) -> None:
    prompt = f"{fence(Kind.KNOWLEDGE, text, name=str(number), nonce=NONCE)}\n{fence(Kind.CONTACT, 'Hm?', nonce=NONCE)}"
    assert list(fences.sources(prompt)) == [number]
    assert fences.words_of_contact(prompt) == "Hm?"


@given(text=st.text(alphabet="<>/ sourcecontact12[]end\n", max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    known = fences.blocks(text)
    assert all(block.start < block.end <= len(text) for block in known)
    assert all(one.end <= other.start for one, other in pairwise(known))
    fences.sources(text)
    fences.bare(text)


def test_others_ways_to_mark_sources() -> None:
    assert fences.sources('<source id="3">One.</source>\n<source id="4">Two.</source>') == {3: "One.", 4: "Two."}
    assert fences.sources("[1] One.\nmore\n[2] Two.\n\nQuestion: what?") == {1: "One.\nmore", 2: "Two."}
    assert fences.sources("<<source>>One.<<source>>Two.<<end>>") == {1: "One.", 2: "Two."}
    assert fences.sources("<<knowledge [7] n0nce>>\nOne.\n<</knowledge n0nce>>") == {7: "One."}


def test_markup_is_no_fence() -> None:
    assert fences.blocks("<b>bold</b> <a href='x'>link</a> 1 << 2 >> 3 <<unknown 1>>") == ()
    assert fences.words_of_contact("Is 1 << 2 <b>true</b>?") == "Is 1 << 2 <b>true</b>?"


def test_results_of_tools_are_not_the_contacts_words() -> None:
    request = after_call(asked("Where is it?"), "lookup_order", "{}", '{"status": "Packed"}')
    fenced = fence(Kind.TOOL, '{"status": "Packed"}', name="T1", nonce=NONCE)
    plain = asked("Where is it?")
    again = {**plain, "messages": [*plain["messages"], {"role": "user", "content": f"Tool results:\n{fenced}"}]}
    for prompt in (request, again):
        made = seen(prompt)
        assert made.words == "Where is it?"
        assert made.latest is not None
        assert (made.latest.data, made.latest.mark) == ({"status": "Packed"}, "[T1]")
    assert seen(request).results[0].tool == "lookup_order"


def test_remarks_around_a_results_json() -> None:
    request = after_call(asked("x"), "f", "{}", 'Already done in this turn.\n{"a": 1}\n(cut: the result was longer)')
    assert seen(request).results[0].data == {"a": 1}
    assert (
        seen(after_call(asked("x"), "f", "{}", "Denied (over_limit), nothing was done: {50}")).results[0].data is None
    )


def test_languages_by_their_small_words() -> None:
    assert language_of("Wo ist meine Bestellung und wann kommt sie?") == "de"
    assert language_of("Where is my order and when does it come?") == "en"
    assert language_of("Où est ma commande et quand arrive-t-elle ?") == "fr"
    assert language_of("LK-204518") is None
