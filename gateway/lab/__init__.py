"""Stand-ins of the vendors, in their own wire formats, for tests and for people who want to see it all work.

Nothing here may import a channel: a stand-in is a second, independent reading of the vendor's protocol.
"""
