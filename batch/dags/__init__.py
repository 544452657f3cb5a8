"""Wiring of what runs by a schedule. Each task calls one function of the package above, which runs what the command line offers."""
