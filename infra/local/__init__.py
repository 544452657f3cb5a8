"""The native stack: the real servers on this machine, without containers, under one supervisor. Run as `python -m infra.local` from the checkout."""
