"""`scores.py FOLDER`: the status of the one evaluation log in a folder and the score of each sample, as JSON."""

# Inspect is not installed where this project is checked.
# mypy: disable-error-code="import-not-found"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import sys

from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample_summaries


def main() -> None:
    (info,) = list_eval_logs(sys.argv[1])
    log = read_eval_log(info, header_only=True)
    scores = [
        None if sample.error or not sample.scores else sample.scores["checked"].value
        for sample in read_eval_log_sample_summaries(info)
    ]
    json.dump({"status": log.status, "scores": scores}, sys.stdout)


if __name__ == "__main__":
    main()
