"""Tests of what messages want."""
