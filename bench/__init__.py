"""Benchmarks. Each prints a ratio and its parts."""
