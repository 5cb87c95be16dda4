"""Desks: where people answer.  One folder each; desks do not know each other."""
