"""The change log: what rules still have to look at."""

from __future__ import annotations

import dataclasses

import numpy as np
from django.db.models import Min

from jiangcheng.core.observations import engines, models
from jiangcheng.core.observations.engines import hot
from jiangcheng.core.observations.rules.columns import Array
from jiangcheng.core.observations.store import clock


@dataclasses.dataclass(frozen=True, slots=True)
class Changes:
    """Intervals of stations in which some value came or changed, each once."""

    upto: int
    """To be passed to `acknowledge` when the work on these changes is committed."""
    granularity: Array
    start: Array
    station: Array

    def __len__(self) -> int:
        return len(self.start)


def changes(consumer: str, limit: int = 10_000) -> Changes:
    """Return what changed since the consumer last acknowledged, ordered by granularity, start and station.

    Whole writes are returned, so there may be more than ``limit`` rows, and at least one write if any.
    """
    known = models.Consumer.objects.filter(name=consumer).values_list("sequence", flat=True).first() or 0
    later = models.Change.objects.filter(sequence__gt=known).order_by("sequence")
    upto = later.values_list("sequence", flat=True)[limit - 1 : limit].first() or clock.last()
    columns = engines.open_hot().fetch(
        hot.CHANGES,
        ("granularity", "start", "station"),
        f"(SELECT DISTINCT granularity, start, station FROM {hot.CHANGES.name}"
        f" WHERE sequence > {known} AND sequence <= {max(upto, known)}) AS distinct_changes",
    )
    order = np.lexsort((columns["station"], columns["start"], columns["granularity"]))
    return Changes(upto=max(upto, known), **{name: column[order] for name, column in columns.items()})


def acknowledge(consumer: str, upto: int) -> None:
    """Note that a consumer is done with the changes up to a write; joins the caller's transaction."""
    models.Consumer.objects.update_or_create(name=consumer, defaults={"sequence": upto})


def forget() -> int:
    """Delete the changes that every consumer has acknowledged and return their number."""
    done = models.Consumer.objects.aggregate(done=Min("sequence"))["done"]
    return models.Change.objects.filter(sequence__lte=done or 0).delete()[0]


def last_sequence() -> int:
    """Return the number of the last write."""
    return clock.last()
