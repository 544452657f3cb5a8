"""Cleaning of texts by language models: tasks in `resources/cleaning`, answers kept by content, originals kept beside them. (By the lead, 10:15.)"""
