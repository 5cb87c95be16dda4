"""Tests of the bridge to people."""
