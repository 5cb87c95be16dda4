"""The bridge between a tenant's ledger and a vendor's helpdesk: cases for episodes, entries for messages, and back."""
