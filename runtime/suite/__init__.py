"""Suites: bundles that are run and reported together. Start here: `assemble.assemble` makes the record of one, `folder.read_suite` reads it."""
