"""Quality: the score of a policy, metrics per source and day, what stands out in them, where they go, and the reports of it."""
