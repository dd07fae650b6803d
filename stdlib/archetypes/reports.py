"""Archetypes over one table and what belongs to it: totals, rankings, series, lists."""

from __future__ import annotations

from clawc.stdlib.archetypes import enrich, grouping, narrow, order, outputs
from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
from clawc.stdlib.archetypes.draft import Draft
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Role, State

_PARTS = (enrich, grouping, narrow, order)  # imported for what they enter into the list of parts


# What can be grouped by, or added up.
_GROUPED = ("look_up_label", "times_rate", "days_between", "with_month", "with_band")
_MILD = ("without_void", "only_status", "only_class", "only_size", "without_listed")  # they leave enough


def _source(draft: Draft, roles: tuple[Role, ...], dirt: int = 35) -> State:
    twice = draft.draw.chance(dirt)
    state = main_table(draft, roles, twice=twice)
    return take(draft, state, "clean") if twice else state


def _sinks(draft: Draft, state: State, note: int = 40, summary: int = 40) -> None:
    outputs.table_file(draft, state)
    if draft.draw.chance(summary):
        outputs.summary_file(draft, state, draft.last)
    if draft.draw.chance(note) and state.ordered:
        outputs.note_file(draft, state, draft.last)
    _keep(draft)


def _keep(draft: Draft) -> None:
    draft.requires.append("require inputs_kept { expect unchanged(workspace) }")


def totals_report(draft: Draft) -> None:
    """Totals by a key."""
    state = _source(draft, ("group", "amount", draft.draw.pick(("class", "person", "status", "date"))))
    spent: set[str] = set()
    state = maybe(draft, state, "narrow", 60, 2, spent=spent)
    state = maybe(draft, state, "enrich", 55, 1, _GROUPED, spent)
    state = take(draft, state, "group", ("totals", "totals_by_two"))
    state = maybe(draft, state, "after", 30, 1)
    state = maybe(draft, state, "order", 90)
    _sinks(draft, state)
    draft.admits.append(f"expect count({draft.last}) >= 2")


def monthly_trend(draft: Draft) -> None:
    """A series of months."""
    state = _source(draft, ("date", "amount", "quantity"))
    spent: set[str] = set()
    state = maybe(draft, state, "narrow", 60, 1, _MILD, spent)
    state = take(draft, state, "enrich", ("with_month",), spent)
    state = maybe(draft, state, "enrich", 30, 1, ("times_rate", "days_between"), spent)
    state = take(draft, state, "group", ("by_month",))
    state = maybe(draft, state, "after", 80, 1)
    if not state.ordered:
        state = take(draft, state, "order", ("by_key",))
    _sinks(draft, state)
    draft.admits.append(f"expect count({draft.last}) >= 2")


def top_list(draft: Draft) -> None:
    """The first few rows or groups of an order."""
    state = _source(draft, ("group", "amount", "quantity", "person"))
    spent: set[str] = set()
    state = maybe(draft, state, "narrow", 70, 2, spent=spent)
    draft.falling = True
    if draft.draw.chance(50):
        state = maybe(draft, state, "enrich", 45, 1, _GROUPED, spent)
        state = take(draft, state, "group", ("totals",))
    else:
        state = maybe(draft, state, "enrich", 45, 1, spent=spent)
    state = take(draft, state, "order", ("by_measure",))
    state = take(draft, state, "top")
    _sinks(draft, state, 60, 30)
    draft.admits.append(f"expect count({draft.last}) >= 2")


def selection(draft: Draft) -> None:
    """Rows that meet conditions, in an order."""
    state = _source(draft, ("group", "status", "date", "amount"), 45)
    spent: set[str] = set()
    state = take(draft, state, "narrow", spent=spent)
    state = maybe(draft, state, "narrow", 60, 2, spent=spent)
    state = maybe(draft, state, "enrich", 50, 2, spent=spent)
    state = take(draft, state, "order")
    if draft.draw.chance(25):
        outputs.list_file(draft, state)
        _keep(draft)
    else:
        _sinks(draft, state, 30, 50)
    draft.admits.append(f"expect count({draft.last}) >= 2")


def split_by_group(draft: Draft) -> None:
    """A file of rows for each group."""
    state = _source(draft, ("group", "class", "amount", "date"))
    spent: set[str] = set()
    state = maybe(draft, state, "narrow", 60, 1, _MILD, spent)
    state = maybe(draft, state, "enrich", 40, 1, spent=spent)
    state = take(draft, state, "order")
    kept = [
        c
        for c in state.columns
        if c.role in ("id", "amount", "worth", "span", "date", "person", "band", "label", "month")
    ]
    outputs.split_files(draft, state, kept)
    if draft.draw.chance(50):
        outputs.summary_file(draft, state, draft.last)
    _keep(draft)
    draft.admits.append(f"expect count({draft.last}) >= 3")


ARCHETYPES = (
    Archetype("totals_report", ("office.records", "analysis.calculation", "analysis.finance", "professional.finance"), (
        "I need the {many} added up for {purpose}.", "Could you total the {many} of {scene}?", "For {purpose} somebody has to sum up the {many}.", "Please prepare the totals of our {many}.",
        "Our {many} are not summed up yet, and I need that for {purpose}.", "What do our {many} come to? It is for {purpose}.", "Help me get the figures on {many} together.", "Turn the raw {many} into totals, please.",
        "We need one clean overview of the {many} for {purpose}.", "Somebody asked for figures on {many}.", "{Many} have piled up and want adding up.", "Let us have the sums over all {many}.",
    ), totals_report, "Totals of {many}"),
    Archetype("monthly_trend", ("analysis.trends", "analysis.finance", "planning.summaries"), (
        "How did the {many} develop from month to month?", "Show me the {many} by month; it is for {purpose}.", "We want to see how our {many} changed over the months.", "Month by month, what happened with the {many} of {scene}?",
        "A monthly view of the {many} is missing for {purpose}.", "Please lay out the {many} over time.", "For {purpose}, put the {many} on a time line of months.", "How have our {many} changed lately? Let the numbers speak.",
        "{Many} by month would help with {purpose}.", "I would like a monthly summary of the {many}.",
    ), monthly_trend, "{Many} by month"),
    Archetype("top_list", ("analysis.ranking", "analysis.decisions", "content.marketing"), (
        "Who or what stands out among the {many}?", "Find what comes out on top among our {many}, for {purpose}.", "I want a short top list out of the {many}.", "Give me a ranking over the {many} of {scene}.",
        "Rank things for {purpose}, based on the {many}.", "Which ones lead the field? Take the {many} as the measure.", "A top list from the {many} is needed for {purpose}.", "Please pick the leaders out of the {many}.",
        "The {many} should tell us who is ahead.", "Only the upper end of the {many} interests me.",
    ), top_list, "Top list of {many}"),
    Archetype("selection", ("information.lookup", "office.records", "automation.inspection", "messaging.handling"), (
        "Pull out the {many} that matter for {purpose}.", "Which {many} fit what I describe below?", "I need a filtered list of {many}.", "Please go through the {many} of {scene} and pick those that fit.",
        "Somebody wants a list of certain {many} for {purpose}.", "Filter the {many} for me.", "Can you find the right {many}? It is for {purpose}.", "Not all {many} are of interest, just some of them.",
        "Look through our {many} and note the ones I mean.", "{Many} of a certain kind are wanted for {purpose}.",
    ), selection, "Selected {many}"),
    Archetype("split_by_group", ("office.documents", "messaging.collaboration", "automation.routing"), (
        "Split the {many} up, one file per {part}.", "Each {part} should get a file with its own {many}.", "We hand out the {many} by {part}, for {purpose}.", "One big list of {many} is no use to anyone; make a file for each {part}.",
        "Divide up the {many} of {scene} by {part}.", "Please cut the {many} into one file per {part}.", "Distribute the {many} over files, one for each {part}.", "For {purpose} I need the {many} in separate files, by {part}.",
        "Sort out which {many} belong to which {part}, and give each a file.", "The {many} have to go out by {part}.",
    ), split_by_group, "{Many} in separate files"),
)  # fmt: skip
