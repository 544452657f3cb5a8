"""Policies that several sources publish: which rows are one policy, which of them speaks for the others, and why. Nothing is deleted."""
