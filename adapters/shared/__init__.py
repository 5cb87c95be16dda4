"""What several channels need: the way to a vendor, splitting and plain forms of replies.  It knows no channel."""
