"""Cleaning of texts by language models: tasks in `resources/cleaning`, answers kept by what was asked, originals kept beside them."""
