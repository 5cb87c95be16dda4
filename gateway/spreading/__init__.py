"""The live layer over Redis: what happens now is told to all replicas; how fast somebody asks, and answers, are shared.

Nothing here is needed for correctness: everything durable is in the store, every call of Redis has a deadline, and its loss or
flush costs latency.  Import ``layer`` only where a Redis is configured: the driver takes 0.3 s to load.
"""
