"""The embedded store: SQLite."""
