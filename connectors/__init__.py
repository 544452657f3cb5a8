"""Change capture: Debezium's connectors, their definitions, registration and watcher."""
