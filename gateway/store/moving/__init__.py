"""The move of a ledger from the embedded store into a document database."""
