"""How a result of a laboratory becomes a value of a series."""

from __future__ import annotations

import datetime as dt

from jiangcheng.modules.network.rules.tables import in_force

NORMAL, BELOW_DETECTION = ord("N"), ord("V")


def value(result: float | None, lod: float | None, on: dt.date) -> tuple[float, int, str]:
    """Return the value that stands for a result, its flag, and the version of the rule.

    Parameters
    ----------
    result, lod
        In one unit. None as a result: not detected.
    on
        Day of sampling.

    Raises
    ------
    ValueError
        ``no_value`` if neither a result nor a limit of detection is known, ``negative`` below zero.
    """
    rule = in_force("lod", on)
    if result is None and lod is None:
        raise ValueError("no_value")
    if (result is not None and result < 0) or (lod is not None and lod < 0):
        raise ValueError("negative")
    if lod is not None and (result is None or result < lod):
        return lod * rule["share"], BELOW_DETECTION, rule["version"]
    assert result is not None
    return result, NORMAL, rule["version"]
