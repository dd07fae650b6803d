"""What a careful person writes by hand to judge the task `order_totals`: the peer of the emitted checker.

Usage: python3 -I -S plain_check.py WORKSPACE. Prints a line of JSON.
"""

import csv
import hashlib
import json
import re
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

COLUMNS = ["customer", "orders", "total"]
EXPECTED = [("Ada", 2, Decimal("19.5")), ("Chen", 1, Decimal("19.5")), ("Bela", 2, Decimal("4.25"))]
INPUTS = {"input/orders.csv": "28e3023c76b172fd354acb0e4b4ed8b6e5d1e286253d2c44a313e387c134aba7"}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


def number(text: str) -> Decimal:
    if not NUMBER.match(text.strip()):
        raise ValueError(f"`{text}` is not a number")
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"`{text}` is not a number") from None


def totals_right(workspace: Path) -> str:
    """An empty text, or why the totals are wrong."""
    path = workspace / "output/totals.csv"
    if path.is_symlink() or not path.is_file():
        return "`output/totals.csv` does not exist"
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return f"`output/totals.csv` is not CSV: {error}"
    if not rows or sorted(name.strip() for name in rows[0]) != sorted(COLUMNS):
        return f"the columns are not {COLUMNS}"
    header = [name.strip() for name in rows[0]]
    if len(rows) - 1 != len(EXPECTED):
        return f"{len(rows) - 1} rows, expected {len(EXPECTED)}"
    for place, (row, expected) in enumerate(zip(rows[1:], EXPECTED), 1):
        if len(row) != len(header):
            return f"row {place} has {len(row)} fields"
        found = dict(zip(header, row))
        try:
            orders, total = number(found["orders"]), number(found["total"])
        except ValueError as error:
            return f"row {place}: {error}"
        if found["customer"].strip() != expected[0] or orders != expected[1]:
            return f"row {place}: expected {expected}"
        if abs(total - expected[2]) > Decimal("0.005"):
            return f"row {place}: expected the total {expected[2]}, found {total}"
    return ""


def main() -> None:
    workspace = Path(sys.argv[1])
    problem = totals_right(workspace)
    changed = [
        path
        for path, digest in INPUTS.items()
        if not (workspace / path).is_file() or hashlib.sha256((workspace / path).read_bytes()).hexdigest() != digest
    ]
    score = 0 if problem or changed else 1
    print(json.dumps({"score": score, "message": problem, "changed": changed}))


main()
