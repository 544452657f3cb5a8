"""Names of the consumer groups: one per derived store, so that each is slow, broken or replayed for itself."""

from __future__ import annotations

from aegis.derivations import STORES

DEAD_LETTERS = "dead-letters"
"""The app that copies dead letters from Kafka into PostgreSQL."""
RECEIPTS = "receipts"
"""The app that folds the stores' receipts into PostgreSQL and tells when all stores hold a version."""

SUBSCRIPTIONS = "subscriptions"
"""The app that tells services of events."""


def consumer_group(app: str) -> str:
    """The Kafka consumer group (and Faust app id) of the app of a derived store, or of one of the apps beside them."""
    return f"aegis-{app}"


def building_group(store: str) -> str:
    """The consumer group of the process that fills a new generation of `store`."""
    return f"aegis-{store}-building"


GROUPS = {app: consumer_group(app) for app in (*STORES, DEAD_LETTERS, RECEIPTS, SUBSCRIPTIONS)}
"""App → consumer group."""
