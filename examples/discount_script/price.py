"""Usage: python3 price.py INPUT.csv OUTPUT.csv"""

import csv
import sys
from decimal import ROUND_HALF_UP, Decimal

totals = {}
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        totals[row["cart"]] = totals.get(row["cart"], Decimal(0)) + Decimal(row["price"]) * Decimal(row["quantity"])

with open(sys.argv[2], "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["cart", "total"])
    for cart, full in sorted(totals.items()):
        total = full * Decimal("0.9") if full >= 100 else full
        writer.writerow([cart, total.quantize(Decimal("0.01"), ROUND_HALF_UP)])
