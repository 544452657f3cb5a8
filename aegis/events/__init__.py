"""For subscribers of policy events: `subscribe`, what an `Event` is, and a `Ledger` of those that were handled. See docs/events.md."""

from aegis.events.event import Event, UnreadableEvent
from aegis.events.ledger import Ledger
from aegis.events.payloads import Payload, PolicyValidated, QualityUpdated, SyncCompleted
from aegis.events.subscription import Subscription, SubscriptionFailed, subscribe

__all__ = [
    "Event",
    "Ledger",
    "Payload",
    "PolicyValidated",
    "QualityUpdated",
    "Subscription",
    "SubscriptionFailed",
    "SyncCompleted",
    "UnreadableEvent",
    "subscribe",
]
