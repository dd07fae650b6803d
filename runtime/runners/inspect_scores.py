"""`inspect_scores.py FOLDER`: the status of the one evaluation log in a folder, and the score of each sample, as JSON. Runs in
the environment that Inspect is installed in."""

# Inspect is not installed where this project is checked.
# mypy: disable-error-code="import-not-found"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import sys

from inspect_ai.log import list_eval_logs, read_eval_log


def main() -> None:
    (info,) = list_eval_logs(sys.argv[1])
    log = read_eval_log(info)
    samples = {}
    for sample in log.samples or []:
        score = (sample.scores or {}).get("checked")
        error = sample.error.message if sample.error else "" if score else "the sample was not scored"
        samples[str(sample.id)] = {"value": None if error or score is None else score.value, "error": error}
    error = log.error.message if log.error else ""
    json.dump({"status": log.status, "error": error, "samples": samples}, sys.stdout)


if __name__ == "__main__":
    main()
