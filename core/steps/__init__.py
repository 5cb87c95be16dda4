"""The steps of a turn, one module each: a pure heart that takes values and gives values, and is recorded by core.turn."""
