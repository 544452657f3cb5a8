"""Files for analysts: where they lie, how they are written, and the catalogue that says what each is made of."""
