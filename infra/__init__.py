"""Where Aegis runs: the native stack, and the same in containers."""
