"""Identities of one contact, and the delivery ladder."""
