"""The way to a vendor's HTTP API, for channels, desks and sources: calls and how they fail, files, and the SSRF guard."""
