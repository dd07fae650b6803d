"""Mutants of the primitives, and which of them the tests kill. Start with `__main__.py`."""
