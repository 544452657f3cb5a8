"""Models of the captured tables' rows, as the log carries them."""
