"""The full validation: every policy is held against rules, read, compared with its like, scored, and judged, with reasons."""
