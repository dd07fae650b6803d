"""Settle a shared bill: python settle.py INPUT.csv OUTPUT.csv"""

import csv
import sys
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def main(source: str, target: str) -> int:
    try:
        with open(source, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        print(f"there is no file {source}", file=sys.stderr)
        return 2
    paid: dict[str, Decimal] = {}
    for row in rows:
        paid[row["paid_by"]] = paid.get(row["paid_by"], Decimal(0)) + Decimal(row["amount"])
    share = (sum(paid.values()) / len(paid)).quantize(CENT, ROUND_HALF_UP)
    balances = sorted(((amount - share, person) for person, amount in paid.items()), key=lambda b: (-b[0], b[1]))
    with open(target, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["person", "paid", "share", "balance"])
        for balance, person in balances:
            writer.writerow([person, paid[person], share, balance])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
