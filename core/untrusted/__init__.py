"""Untrusted text: fences around it, a detector of instructions in it, and canaries that show a leak.  Pure."""
