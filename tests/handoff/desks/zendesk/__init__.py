"""Zendesk Support against its stand-in."""
