"""All cases of the suite by name; the test files take theirs by group."""

from __future__ import annotations

from collections.abc import Mapping

from tests.sandbox.case import Case, Table
from tests.sandbox.cases_bundles import BUNDLES
from tests.sandbox.cases_calls import CALLS
from tests.sandbox.cases_checker import CHECKER
from tests.sandbox.cases_collect import COLLECT
from tests.sandbox.cases_door import DOOR
from tests.sandbox.cases_folders import FOLDERS
from tests.sandbox.cases_limits import LIMITS
from tests.sandbox.cases_neighbours import NEIGHBOURS
from tests.sandbox.cases_processes import PROCESSES
from tests.sandbox.cases_redteam import REDTEAM
from tests.sandbox.cases_reports import REPORTS
from tests.sandbox.cases_series import SERIES
from tests.sandbox.cases_snapshots import SNAPSHOTS
from tests.sandbox.cases_spawn import SPAWN
from tests.sandbox.cases_view import VIEW
from tests.sandbox.forgeries_programs import PROGRAMS
from tests.sandbox.forgeries_tables import TABLES

CONFORMANCE: tuple[Table, ...] = (
    CALLS,
    VIEW,
    PROCESSES,
    LIMITS,
    COLLECT,
    CHECKER,
    SERIES,
    NEIGHBOURS,
    SNAPSHOTS,
    SPAWN,
    REPORTS,
    REDTEAM,
    FOLDERS,
    DOOR,
)
FORGERIES: tuple[Table, ...] = (TABLES, PROGRAMS)
STRANGE: tuple[Table, ...] = (BUNDLES,)


def _named(*tables: Table) -> Mapping[str, Case]:
    found: dict[str, Case] = {}
    for case in (case for table in tables for case in table.cases):
        if case.name in found:
            raise ValueError(f"two cases are called {case.name}")
        found[case.name] = case
    return found


CASES = _named(*CONFORMANCE, *FORGERIES, *STRANGE)
