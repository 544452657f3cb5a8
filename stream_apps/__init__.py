"""Stream apps: one Faust app per derived store, and one that records dead letters."""
