"""The live knowledge of a tenant."""
