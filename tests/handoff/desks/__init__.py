"""Tests of the desks, each against its stand-in."""
