"""Stand-ins of the services that knowledge is read from: their wire formats, their limits, their bad days."""
