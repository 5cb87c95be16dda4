"""Sources: one folder per kind of knowledge origin."""
