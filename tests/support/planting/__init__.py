"""Plants drift: corrupts the real stores behind the pipeline's back, each with its plain driver and never with Aegis' own store classes.

One file per store. What was planted is told by frozen records, so that a test can compare plants with findings exactly.
"""
