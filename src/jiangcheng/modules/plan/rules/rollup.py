"""A province's number from those of its cities."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Rolled:
    """``value`` over the cities that have one; ``missing`` are the codes of the others."""

    value: float | None
    present: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return not self.missing


def roll_up(
    method: str, cities: tuple[str, ...], values: Mapping[str, float], weights: Mapping[str, float]
) -> Rolled:
    """Roll the values of cities up.

    Parameters
    ----------
    method
        ``mean`` of the cities, ``weighted`` mean (a city without a weight counts as missing), ``sum``, or
        ``all`` (1 where every city has 1).
    cities
        Codes of all cities that ought to be there.
    values, weights
        By code of the city.
    """
    needed = values.keys() & weights.keys() if method == "weighted" else values.keys()
    present = tuple(code for code in cities if code in needed)
    missing = tuple(code for code in cities if code not in needed)
    if not present:
        return Rolled(None, present, missing)
    return Rolled(round(_METHODS[method]([values[c] for c in present], [weights.get(c, 1) for c in present]), 4),
                  present, missing)  # fmt: skip


def _weighted(values: list[float], weights: list[float]) -> float:
    total = sum(weights)
    return (
        sum(value * weight for value, weight in zip(values, weights, strict=True)) / total if total else 0.0
    )


_METHODS = {
    "mean": lambda values, _weights: sum(values) / len(values),
    "weighted": _weighted,
    "sum": lambda values, _weights: sum(values),
    "all": lambda values, _weights: float(all(value >= 1 for value in values)),
}
