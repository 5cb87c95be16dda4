"""The demo company's shop as an API: what the demo's tools call, with orders to look up, return, refund and redirect.

A stand-in of somebody's own system, not a part of Frontdesk; it keeps everything in memory.
"""

from gateway.lab.shop.lab import ShopLab
from gateway.lab.shop.troubles import ShopTrouble

__all__ = ["ShopLab", "ShopTrouble"]
