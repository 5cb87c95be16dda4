"""Stand-ins of helpdesks, one folder each: their API, signed webhooks, and people who work there."""
