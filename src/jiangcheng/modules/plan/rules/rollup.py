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
    numbers = [values[code] for code in present]
    loads = [weights.get(code, 1.0) for code in present]
    return Rolled(round(_METHODS[method](numbers, loads), 4), present, missing)


def _weighted(values: list[float], weights: list[float]) -> float:
    total = sum(weights)
    return (
        sum(value * weight for value, weight in zip(values, weights, strict=True)) / total if total else 0.0
    )


def _mean(values: list[float], weights: list[float]) -> float:
    return sum(values) / len(values)


def _sum(values: list[float], weights: list[float]) -> float:
    return sum(values)


def _all(values: list[float], weights: list[float]) -> float:
    return float(all(value >= 1 for value in values))


_METHODS = {"mean": _mean, "weighted": _weighted, "sum": _sum, "all": _all}
