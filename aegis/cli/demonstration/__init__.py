"""The parts of `aegis demo`."""
