"""Records that failed basic validation: listed by cause, released when they pass now, given up with a reason."""
