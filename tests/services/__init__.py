"""Real servers for tests: a MongoDB-compatible one, Weaviate and Redis, on loopback and free ports.

Found by environment (``FRONTDESK_TEST_MONGODB``, ``FRONTDESK_TEST_WEAVIATE``, ``FRONTDESK_TEST_REDIS``: an address each), else
started from what ``make services`` built; else the tests that need one are skipped with the reason, or fail where
``FRONTDESK_REQUIRE_SERVICES`` is set.
"""
