"""Results made once by a reference and committed, for the product to be held to."""
