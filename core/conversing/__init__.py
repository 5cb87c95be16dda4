"""The turn with models, tools and flows: each a subroutine inside the deterministic, journaled turn of ``core/turn.py``."""
