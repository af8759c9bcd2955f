"""Rank incidents: which fire somebody should go to first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from jiangcheng.modules.straw import queries
from jiangcheng.modules.straw.models import FireIncident
from jiangcheng.modules.straw.rules import priority
from jiangcheng.standards import periods

KEPT = ("score", "score_parts", "score_version", "scored_at")


def rank(*, incidents: Sequence[FireIncident], now: dt.datetime) -> None:
    """Write the priority of incidents down with its parts; what they rest on is read once for all."""
    if not incidents:
        return
    ranking = queries.Ranking(incidents)
    for incident in incidents:
        on = incident.first_at.astimezone(periods.BEIJING).date()
        found = priority.score(ranking.facts(incident), on)
        incident.score, incident.score_version, incident.scored_at = found.total, found.version, now
        incident.score_parts = [part.as_dict() for part in found.parts]
    FireIncident.objects.bulk_update(incidents, KEPT, batch_size=200)


def rescore(*, now: dt.datetime) -> int:
    """Rank the fires of the last hours that nobody has looked at; return how many."""
    rows = queries.to_rescore(now=now)
    rank(incidents=rows, now=now)
    return len(rows)
