#!/usr/bin/env bash
# The mean of the values that check.py prints is the last line. Without a verdict the exit status is not 0.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
values=$(python3 "$here/check.py" "${1:-/root/.openclaw/workspace}")
printf '%s' "$values" | python3 -c '
import json, sys
values = [float(value) for value in json.load(sys.stdin).values()]
print(sum(values) / len(values))'
