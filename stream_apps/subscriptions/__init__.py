"""Telling services of events: subscriptions, webhooks and topics of their own, and their dead letters."""
