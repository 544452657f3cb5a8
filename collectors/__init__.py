"""Collectors: records of public portals into PostgreSQL, and into nothing else."""
