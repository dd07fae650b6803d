"""How hard tasks are, which verifiers to doubt, and which tasks make a benchmark: pure functions of counts, no I/O.

Start here: `responses.table_of` counts trials, `calibration.calibrate` fits and flags, `selection.choose` takes a set out of a pool,
`splits.split_families` parts it, `power.plan` says what differences it can show. Modules that fit need numpy, the others nothing.
"""
