"""From the words of HJ 212 to those of the register: code and field to property, command to granularity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Max

from jiangcheng.core.observations.store import Granularity
from jiangcheng.core.registry.models import ObservedProperty
from jiangcheng.gateway.models import Reject
from jiangcheng.standards import codes

BEIJING = dt.timezone(dt.timedelta(hours=8))
"""HJ 212 knows no other time."""

GRANULARITIES = {
    "2011": Granularity.INSTANT,
    "2051": Granularity.MINUTE,
    "2061": Granularity.HOUR,
    "2031": Granularity.DAY,
    # Means of five minutes of a furnace (HJ 212-2025), under their start among the minutes.
    "2111": Granularity.MINUTE,
}
"""The uploads that become observations. Every other command stays in the journal."""

STATISTICS = {
    "Rtd": "avg",
    "Avg": "avg",
    "Min": "min",
    "Max": "max",
    "Cou": "cou",
    "ZsRtd": "zs_avg",
    "ZsAvg": "zs_avg",
    "ZsMin": "zs_min",
    "ZsMax": "zs_max",
    "Data": "avg",
}
"""Kinds of value (HJ 212-2017 table 4) as statistics of `ObservedProperty`; noise has its levels as ``Data``."""

ASIDE = frozenset({"Flag", "EFlag", "SampleTime", "CompleteTime", "SampleType"})
"""Fields that say something about a value and are none. ``Flag`` goes with the values of its code."""

ABSENT = frozenset({"", "-", "--", "---", "nan", "null", "none"})
"""Texts, in lower case, by which a logger says that there is no value."""

LARGEST = 2.0**62
"""What the store holds of a value, which it keeps as an integer of its last decimal."""


class Properties:
    """Observed properties by code and statistic."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], int] = {}
        self._largest: dict[int, float] = {}
        self._version: object = None

    def load(self) -> None:
        """Read the properties again if any has come or gone."""
        version = tuple(ObservedProperty.objects.aggregate(Count("pk"), Max("pk")).values())
        if version != self._version:
            rows = list(ObservedProperty.objects.values_list("code", "statistic", "pk", "decimals"))
            self._keys = {(code, statistic): key for code, statistic, key, _ in rows}
            self._largest = {key: LARGEST / 10**decimals for _, _, key, decimals in rows}
            self._version = version

    def fits(self, keys: npt.NDArray[np.int32], values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Tell which values the store can hold; a value without a property (key 0 or below) is not judged."""
        unique, inverse = np.unique(keys, return_inverse=True)
        largest = np.array([self._largest.get(key, np.inf) for key in unique.tolist()], np.float64)
        fitting: npt.NDArray[np.bool_] = ~(np.abs(values) > largest[inverse])
        return fitting

    def find(self, code: str, field: str, *, system: str) -> int | Reject.Reason:
        """Return the key of a property, 0 for a field that is no value, or the reason why there is none.

        Parameters
        ----------
        code, field
            As in ``code-field`` of the data section; a code of 2005 is understood.
        system
            ST of the frame; it decides what a code of 2005 stands for.
        """
        if field in ASIDE:
            return 0
        statistic = STATISTICS.get(field)
        if statistic is None:
            return Reject.Reason.FIELD_UNKNOWN
        modern = codes.translate_2005(code, system) or code
        return self._keys.get((modern, statistic), Reject.Reason.CODE_UNKNOWN)


def interval_start(time: npt.NDArray[np.int64], granularity: Sequence[Granularity]) -> npt.NDArray[np.int64]:
    """Return the starts of the intervals that contain the given times.

    Parameters
    ----------
    time
        Data times, int64 epoch seconds UTC, shape (n,).
    granularity
        One for each; days are those of Beijing.
    """
    kind = np.asarray(granularity, np.int64)
    length = np.array([1, 60, 3_600, 86_400], np.int64)[kind]
    shift = np.where(kind == Granularity.DAY, 8 * 3_600, 0)
    start: npt.NDArray[np.int64] = (time + shift) // length * length - shift
    return start
