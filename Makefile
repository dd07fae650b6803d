# One command does what CI does; `make nightly` holds the slow rest.
.PHONY: test ci nightly

test:
	.venv/bin/python -m pytest -q -n 2

ci:
	.ci/run

nightly:
	CLAWC_FUZZ=100000 CLAWC_WALKS=10000 .venv/bin/python -m pytest -q -n 2 -m "nightly or not nightly"
	cat build/hostile/*.json
	.venv/bin/clawc test examples --level release --no-cache
