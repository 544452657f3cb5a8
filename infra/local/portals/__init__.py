"""A simulator of two public portals, 기업마당 and 보조금24, on loopback: for the demo and the tests.

Run as `python -m infra.local.portals` from the checkout. It speaks the portals' own interfaces, errors included, and serves recorded records from a folder,
or generated ones that say in their titles that they are examples.
"""
