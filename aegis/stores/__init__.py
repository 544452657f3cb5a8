"""The derived stores: one driver per file, all behind one protocol."""
