"""A stand-in of Zammad: one instance, its people, a trigger that calls us, and one that would mail customers."""

from gateway.lab.desks.zammad.lab import ZammadLab

__all__ = ["ZammadLab"]
