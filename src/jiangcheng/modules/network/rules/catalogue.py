"""How good a dataset is, as a number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from jiangcheng.modules.network.rules.tables import in_force


def timeliness(age_days: float | None, refresh_days: float) -> float:
    """Return 1 for data no older than its refresh, falling to 0 at twice that age; 0 without any data."""
    if age_days is None:
        return 0.0
    return min(1.0, max(0.0, 2.0 - age_days / refresh_days))


def score(parts: Mapping[str, float | None], on: dt.date) -> float | None:
    """Return the weighted mean of the parts (0 to 1) times 100; a part that is None is left out.

    Parameters
    ----------
    parts
        By part of ``data/datasets.json``: completeness, timeliness.
    """
    weights = in_force("datasets", on)["weights"]
    known = {name: value for name, value in parts.items() if value is not None}
    total = sum(weights[name] for name in known)
    return (
        round(100 * sum(weights[name] * value for name, value in known.items()) / total, 1) if total else None
    )
