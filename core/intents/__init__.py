"""Intents: what a message wants, told by a model that is trained at load on a tenant's examples and the built-in ones."""
