"""What a data logger of the demo city says: the truth in the words of HJ 212-2017."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jiangcheng.demo import city, truth

REALTIME, MINUTES, HOUR = "2011", "2051", "2061"
SYSTEMS: Mapping[str, str] = {"weather": "22", "air": "22", "rivers": "21", "gas": "31", "wastewater": "32"}
"""System codes of HJ 212-2017 table 5."""
FIELDS: Mapping[str, Mapping[str, str]] = {
    REALTIME: {"avg": "Rtd", "zs_avg": "ZsRtd"},
    MINUTES: {"avg": "Avg", "zs_avg": "ZsAvg"},
    HOUR: {"avg": "Avg", "zs_avg": "ZsAvg"},
}
"""Kinds of value of HJ 212-2017 table 4 by command and statistic."""


def system(block: truth.Block) -> str:
    """Return the system code of the stations of a block."""
    medium = city.profiles()[block.name][0] if block.name in city.profiles() else block.name
    return SYSTEMS[medium]


def factors(
    block: truth.Block, row: int, station: str, *, command: str, ratio: float = 1.0
) -> dict[str, dict[str, str]]:
    """Return fields and their texts by factor code; empty where the station has nothing to say.

    Parameters
    ----------
    block, row, station
        Where the values stand.
    command : str
        2011, 2051 or 2061.
    ratio : float
        How far this instant lies from the mean of its hour.
    """
    column = block.stations.index(station)
    said: dict[str, dict[str, str]] = {}
    for (code, statistic), value in zip(block.properties, block.values[row, column], strict=True):
        if math.isfinite(value):
            field = FIELDS[command][statistic]
            said.setdefault(code, {})[field] = f"{value * ratio:.{truth.DECIMALS}f}"
    for fields in said.values():
        fields["Flag"] = chr(block.flags[row, column])
    return said
