"""The gateway room."""
