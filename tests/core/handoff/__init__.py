"""Plain values of handing over."""
