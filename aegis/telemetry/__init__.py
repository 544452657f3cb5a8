"""What a process of Aegis tells about itself: metrics, health, logs, traces."""
