"""Dictionaries of other libraries against a truth that is known: what is exported, read, and scored.

`scores` is of arrays alone. No stage imports the rest.
"""
