"""Money and periods in Korean free text. Pure; the text is never changed, and every reading names the place that it was read from."""
