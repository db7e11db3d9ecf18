"""What templates need to know of orders."""
