"""Entities: what a message names, and what it refers to."""
