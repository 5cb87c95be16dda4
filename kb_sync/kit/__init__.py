"""What sources share: calls over HTTP to public addresses, and what their failures mean."""
