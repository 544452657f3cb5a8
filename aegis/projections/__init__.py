"""Projections: what each captured table becomes in each derived store. One file per table and store, pure."""
