"""Documentation is held to the code."""
