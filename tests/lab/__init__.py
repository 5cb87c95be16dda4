"""The lab: its page server, its receipts, its samples."""
