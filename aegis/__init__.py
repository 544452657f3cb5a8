"""The shared core of Aegis: vocabulary, derivations, stores and everything that more than one room uses."""
