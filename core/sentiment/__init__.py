"""How the customer feels: a label for the policy, a score, and how both move over a conversation.  Pure; numpy only."""

from core.sentiment.moods import Mood, mood
from core.sentiment.scoring import label, polarity
from core.sentiment.support import sentiment

__all__ = ("Mood", "label", "mood", "polarity", "sentiment")
