"""Codes of regions and industries, current and historical, with the days on which they hold. Pure, but for the lists being read from the package once."""
