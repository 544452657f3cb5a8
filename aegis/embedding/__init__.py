"""Text to vectors: one pinned model, two back ends behind one protocol."""
