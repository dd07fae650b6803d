"""Areas of work and basic operations, for coverage and reports; names are stable."""

from __future__ import annotations

CATEGORIES: dict[str, tuple[str, ...]] = {
    "office": ("documents", "meetings", "records", "scheduling", "translation"),
    "content": ("writing", "marketing", "social", "seo", "correspondence"),
    "information": ("lookup", "collection", "synthesis", "verification", "knowledge"),
    "analysis": ("calculation", "ranking", "trends", "finance", "decisions"),
    "messaging": ("handling", "reminders", "collaboration", "coordination"),
    "automation": ("scheduled", "triggered", "inspection", "routing"),
    "software": ("implementation", "review", "testing", "debugging", "delivery"),
    "systems": ("inspection", "configuration", "delivery", "incidents", "control"),
    "planning": ("decomposition", "summaries", "design", "curriculum", "memory"),
    "reasoning": ("mathematics", "science", "algorithms", "critique"),
    "professional": ("legal", "medical", "finance", "security"),
}

OPERATIONS: dict[str, tuple[str, ...]] = {
    "web": ("search", "extract", "download"),
    "files": ("extract", "write", "edit", "inspect"),
    "data": ("extract", "clean", "join", "filter", "rank", "aggregate"),
    "communication": ("draft", "rewrite", "minutes", "report"),
    "code": ("write", "run", "inspect", "modify", "test", "analyse"),
}


def dotted(table: dict[str, tuple[str, ...]]) -> list[str]:
    """All names as `group.member`."""
    return [f"{group}.{member}" for group, members in table.items() for member in members]
