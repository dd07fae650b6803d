"""Adequacy of the data: the static query of each check is changed, and the inputs must tell the difference.

`query_mutants` makes the changes, `answers` gives the answer to a changed query, `findings` what authors are told.
"""

from clawc.compiler.adequacy.answers import answers
from clawc.compiler.adequacy.findings import findings
from clawc.compiler.adequacy.mutant import QueryMutant
from clawc.compiler.adequacy.query import query_mutants

__all__ = ["QueryMutant", "answers", "findings", "query_mutants"]
