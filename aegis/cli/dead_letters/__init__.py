"""Dead letters on the command line: which are meant, and what is shown of and done with them."""
