"""Exports for analysts: policies, or what became of collected records, as CSV, Parquet or JSON lines."""
