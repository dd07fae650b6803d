"""Benchmarks; each arrives with its issue: `python -m bench NAME --json FILE`."""
