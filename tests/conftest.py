"""For every test: examples may take as long as a busy machine needs; speed is held by the benchmarks."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
