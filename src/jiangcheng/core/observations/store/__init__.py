"""The one door to what was measured.

Values are known by granularity, start, station and property. Nothing is overwritten: another value is a new
revision, the old one goes to the revision log, and `read` can answer as known at an earlier time. Recent rows
lie in the business database, closed months in Parquet files listed in a manifest; readers see one table.

Starts are epoch seconds (UTC) of the beginning of the interval; ``[start, end)`` throughout. An hour's value
lies under the hour's start, while HJ 212 and CNEMC label hours by their end.
"""

from jiangcheng.core.observations.rules.columns import (
    BELOW_DETECTION,
    COUNTING,
    NORMAL,
    REJECTED,
    SUSPECT,
    Batch,
    Granularity,
    Keys,
)
from jiangcheng.core.observations.store.feed import Changes, acknowledge, changes, forget, last_sequence
from jiangcheng.core.observations.store.reading import Version, history, latest, read, snapshot
from jiangcheng.core.observations.store.rollups import aggregate, roll_up
from jiangcheng.core.observations.store.sealing import (
    bulk_load,
    clear,
    open_months,
    reseal,
    seal,
    sweep,
    verify,
)
from jiangcheng.core.observations.store.writing import AppendResult, append, flag, revise

__all__ = [
    "BELOW_DETECTION",
    "COUNTING",
    "NORMAL",
    "REJECTED",
    "SUSPECT",
    "AppendResult",
    "Batch",
    "Changes",
    "Granularity",
    "Keys",
    "Version",
    "acknowledge",
    "aggregate",
    "append",
    "bulk_load",
    "changes",
    "clear",
    "flag",
    "forget",
    "history",
    "last_sequence",
    "latest",
    "open_months",
    "read",
    "reseal",
    "revise",
    "roll_up",
    "seal",
    "snapshot",
    "sweep",
    "verify",
]
