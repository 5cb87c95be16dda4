"""The story of the demo company, step by step, as the lab's page leads through it; docs/lab.md tells it in full.

The script by which the lab's models play it: model/scripts/demo.yaml, and story.yaml beside this file before it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.lab.model.troubles import Trouble


class StoryStep(msgspec.Struct, frozen=True, kw_only=True):
    """What to say in the web chat, as which customer, with which model, and what to watch."""

    say: str
    watch: str
    customer: str = ""
    mode: str = "normal"


KIM: Final = "c_1"
ANN: Final = "c_2"

STORY_STEPS: Final = (
    StoryStep(
        say="How much is delivery to Germany?",
        watch="A model answers, sentence by sentence, each checked before you read it. The mark leads to the help page.",
    ),
    StoryStep(
        say="Where is my order LK-204518?",
        customer=KIM,
        watch="The model asks the shop; whose orders it may see is taken from the sign-in, never from the model.",
    ),
    StoryStep(
        say="I want to return something from order LK-204519",
        customer=KIM,
        watch="A scripted conversation asks for the article (Rose gloves) and the reason. Nothing happens before you press Yes.",
    ),
    StoryStep(
        say="Please refund 20 pounds for order LK-204519",
        customer=KIM,
        watch="Money needs your yes, with its own number. The shop below shows one refund, however often you press.",
    ),
    StoryStep(
        say="Please refund 500 pounds for order LK-204519",
        customer=KIM,
        watch="More than the YAML allows: refused in code, whatever the model wants.",
    ),
    StoryStep(
        say="Where is my order LK-204522?",
        customer=KIM,
        watch="Its note holds orders to the assistant, and this model obeys them. Open the receipt: nothing came of it.",
    ),
    StoryStep(
        say="Wo ist meine Bestellung LK-204531?",
        customer=ANN,
        watch="Another customer, in German. Ask as Ann for Kim's order LK-204518, too: for her it does not exist.",
    ),
    StoryStep(
        say="How long do I have to return something?",
        mode=Trouble.OUTAGE,
        watch="No model answers: the help page is quoted instead. Set the model back to normal when you have seen enough.",
    ),
)
