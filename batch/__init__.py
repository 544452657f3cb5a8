"""The cold path: compares PostgreSQL with every derived store, repairs what drifted, replays, and proves it."""
