"""What `aegis doctor` checks: each check is a function that gives findings, with the remedy for what is wrong."""
