"""Words about handing over that several rooms share: plain values, no I/O."""
