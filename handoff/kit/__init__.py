"""What desks share and none of them owns."""
