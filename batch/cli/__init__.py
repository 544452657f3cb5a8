"""The cold path's commands."""
