#!/usr/bin/env python3
"""Grades a workspace with a bundle; `grader/main.py` says how it is called."""

import os
import sys
from importlib import import_module

if __name__ == "__main__":
    # Of what lies beside this file only the grader is loaded, and that from its source.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = os.devnull
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    sys.exit(import_module("grader.main").main(sys.argv[1:]))
