"""The index of the rural environment of a county and year."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from jiangcheng.modules.network.rules.tables import in_force


@dataclasses.dataclass(frozen=True, slots=True)
class Index:
    """An index from 0 to 100, or None where too little was monitored; what is missing is named."""

    value: float | None
    grade: str
    items: Mapping[str, float]
    """Rate of compliance of the items that were monitored [%]."""
    missing: tuple[str, ...]
    weight: float
    """Share of the weights that was monitored, 0 to 1."""
    version: str


def index(results: Mapping[str, tuple[int, int]], on: dt.date) -> Index:
    """Weigh the rates of compliance by the table in force.

    Parameters
    ----------
    results
        By item of ``data/rural.json``, how many samples there were and how many complied. No samples: missing.

    Raises
    ------
    ValueError
        If more samples complied than there were.
    """
    rule = in_force("rural", on)
    rates: dict[str, float] = {}
    for item in rule["items"]:
        samples, compliant = results.get(item["code"], (0, 0))
        if compliant > samples:
            raise ValueError(f"{item['code']}: {compliant} of {samples}")
        if samples:
            rates[item["code"]] = 100 * compliant / samples
    weights = {item["code"]: item["weight"] for item in rule["items"]}
    known = sum(weights[code] for code in rates)
    share = known / sum(weights.values())
    missing = tuple(code for code in weights if code not in rates)
    if share < rule["least_weight"]:
        return Index(None, "", rates, missing, share, rule["version"])
    score = round(sum(weights[code] * rate for code, rate in rates.items()) / known, 1)
    grade = next(row["code"] for row in rule["grades"] if score >= row["from"])
    return Index(score, grade, rates, missing, share, rule["version"])
