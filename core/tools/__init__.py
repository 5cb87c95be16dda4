"""The tool firewall: the only way from a model's wish to a tool, and the only place that knows what the contact may do."""
