"""The guard: no sentence of a model reaches the contact before it was proven against what it cites.  Pure, no I/O, no clock."""
