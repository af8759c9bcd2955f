"""Receptor model of one station: its species taken apart into factors, with their doubts and their likeness.

Inputs of `trace` (t hours, m species, l profiles of the library): ``time`` (t,) starts of hours [s]; ``values``
(t, m), NaN is missing; ``detection`` (m,) [unit of the values] and ``error`` (m,) [share]; ``library`` (l, m), NaN
where a profile does not name a species; ``speed`` (t,) [m/s], ``direction`` (t,) [° from where].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing import receptor, wind
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.source_tracing.rules import common
from jiangcheng.modules.source_tracing.rules.common import Arrays, Floats, Outcome, Tell
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

FEWEST = 2
"""Factors, fewer than which are no model."""
SHARED = 3
"""Species that a profile of the library must share with a factor to be compared."""
NAMES = 3
"""Likest profiles told of a factor."""
DIGITS = 5
"""Kept of contributions; more would say nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Table:
    """What is factorised."""

    rows: NDArray[np.int64]
    """Hours kept."""
    ready: receptor.Prepared
    gaps: int
    """Values filled in."""
    negative: int
    """Values below nought, taken as nought."""


def trace(arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Return factors with profiles, contributions in time, intervals and likeness; it names no candidate.

    Raises
    ------
    Refusal
        ``no_values``, ``all_zero``, ``few_species``, ``few_samples`` or ``many_factors``.
    Interrupted
        Out of `tell`.
    """
    table = _table(arrays, settings)
    x, u, strong = table.ready.values, table.ready.uncertainty, table.ready.strong
    most = min(x.shape[1] - 1, int(settings["most_factors"]))
    asked = int(settings.get("factors", 0))
    if asked > most:
        raise Refusal("many_factors", factors=asked, most=most, species=int(x.shape[1]))
    seed, starts = int(meta["seed"]), int(settings["starts"])
    solved: dict[int, receptor.Factors] = {}
    for number in range(FEWEST, max(most, asked, FEWEST) + 1):
        tell(0.5 * (number - FEWEST) / max(most - FEWEST + 1, 1), "pmf")
        solved[number] = receptor.factorise(x, u, number, starts=starts, strong=strong, seed=seed)
    number = asked or _knee(solved, settings["knee"])
    base = solved[number]
    tell(0.55, "bootstrap")
    drawn, told_drawn = _attempt(
        "bootstrap",
        lambda: receptor.bootstrap(
            x, u, base, replicates=int(settings["replicates"]), block=int(settings["block"]), seed=seed
        ),
    )
    tell(0.75, "displacement")
    pushed, told_pushed = _attempt(
        "displacement",
        lambda: receptor.displacement(
            x, u, base, rise=settings["rise"], species=_telling(base, int(settings["displaced"])), rounds=60, halvings=6
        ),
    )  # fmt: skip
    residual = receptor.scaled_residuals(x, u, base)
    kept = table.ready.kept
    return {
        "engine": common.ENGINE,
        "unknown": None,
        "candidates": [],
        "methods": [_told("pmf", {"factors": number, "ratio": base.ratio}), told_drawn, told_pushed],
        "shapes": {},
        "facts": {
            "samples": int(x.shape[0]), "hours": int(np.asarray(arrays["time"]).size), "gaps": table.gaps,
            "negative": table.negative, "species": kept, "strong": strong, "number": number, "asked": bool(asked),
            "dropped": np.setdiff1d(np.arange(np.asarray(arrays["values"]).shape[1]), kept),
            "curve": [
                {
                    "number": p, "q": f.q, "robust": f.q_robust, "expected": f.q_expected, "ratio": f.ratio,
                    "spread": f.spread,
                }
                for p, f in solved.items()
            ],
            "within": float((np.abs(residual) <= 3.0).mean()),
            "swapped": None if pushed is None else pushed.swapped,
            "rotation": _freest(base),
            "explained": _explained(x, base),
            "factors": _factors(base, drawn, pushed, kept, arrays, table),
            "time": np.asarray(arrays["time"], np.int64)[table.rows],
            "contributions": _short(base.contributions.T),
        },
    }  # fmt: skip


def _table(arrays: Arrays, settings: Mapping[str, Any]) -> _Table:
    """Return the table that can be factorised; refuse in words what cannot."""
    values = np.asarray(arrays["values"], np.float64)
    if not values.size or not np.isfinite(values).any():
        raise Refusal("no_values")
    if not np.any(np.nan_to_num(values) > 0):
        raise Refusal("all_zero")
    heard = np.isfinite(values)
    columns = np.flatnonzero(heard.mean(axis=0) >= settings["least_share"])
    if columns.size < settings["least_species"]:
        raise Refusal("few_species", species=int(columns.size), least=int(settings["least_species"]))
    rows = np.flatnonzero(heard[:, columns].mean(axis=1) >= settings["least_share"])
    if rows.size < settings["least_samples"]:
        raise Refusal("few_samples", rows=int(rows.size), least=int(settings["least_samples"]))
    x = values[np.ix_(rows, columns)]
    negative = int((x < 0).sum())
    x = np.where(x < 0, 0.0, x)
    errors = receptor.uncertainty(
        np.nan_to_num(x), np.asarray(arrays["detection"])[columns], np.asarray(arrays["error"])[columns]
    )
    try:
        ready = receptor.prepare(x, np.where(np.isfinite(x), errors, np.nan))
    except TracingError as error:
        raise Refusal("all_zero") from error
    if ready.kept.size < settings["least_species"]:
        raise Refusal("few_species", species=int(ready.kept.size), least=int(settings["least_species"]))
    kept = receptor.Prepared(ready.values, ready.uncertainty, ready.strong, columns[ready.kept])
    return _Table(rows, kept, int((~np.isfinite(x)).sum()), negative)


def _knee(solved: Mapping[int, receptor.Factors], least: float) -> int:
    """Return the first number of factors after which another one improves Q/Qexp by less than a share."""
    numbers = sorted(solved)
    for number in numbers[:-1]:
        if 1.0 - solved[number + 1].ratio / max(solved[number].ratio, 1e-12) < least:
            return number
    return numbers[-1]


def _attempt(code: str, method: Any) -> tuple[Any, dict[str, Any]]:
    """Run one measure of trust; that it cannot be had becomes part of the result."""
    found: list[Any] = []

    def run() -> Outcome:
        found.append(method())
        return Outcome(np.zeros(0), None, {})

    told, _ = common.attempt(code, run)
    return (found[0] if found else None), told


def _told(code: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "state": "done", "scores": [], "order": [], "unknown": None, "facts": facts}


def _telling(base: receptor.Factors, number: int) -> NDArray[np.int64]:
    """Return the species that say most about any factor, for the costly displacement."""
    share = _by_species(base).max(axis=0) + base.profiles.max(axis=0)
    return np.sort(np.argsort(-share, kind="stable")[:number])


def _by_species(base: receptor.Factors) -> Floats:
    """Return the share of each species that each factor brings, shape (p, m)."""
    mean = base.contributions.mean(axis=0)[:, None] * base.profiles
    return np.asarray(mean / np.maximum(mean.sum(axis=0), 1e-30))


def _freest(base: receptor.Factors) -> float:
    """Return how free the freest pair of factors is to rotate, 0 … 1."""
    pinned = receptor.edges(base)
    np.fill_diagonal(pinned, 0.0)
    return float(np.minimum(pinned, pinned.T).max())


def _explained(x: Floats, base: receptor.Factors) -> Floats:
    """Return of each species the square of the correlation of model and measurement."""
    model = base.contributions @ base.profiles
    found = np.full(x.shape[1], np.nan)
    for j in range(x.shape[1]):
        if x[:, j].std() > 0 and model[:, j].std() > 0:
            found[j] = float(np.corrcoef(x[:, j], model[:, j])[0, 1] ** 2)
    return found


def _factors(
    base: receptor.Factors, drawn: receptor.Resampled | None, pushed: receptor.Displaced | None,
    kept: NDArray[np.int64], arrays: Arrays, table: _Table,
) -> list[dict[str, Any]]:  # fmt: skip
    mean = base.contributions.mean(axis=0)
    share, by_species = mean / max(float(mean.sum()), 1e-30), _by_species(base)
    library = np.asarray(arrays["library"], np.float64)[:, kept]
    found = []
    for k in range(len(base.profiles)):
        found.append(
            {
                "mean": float(mean[k]), "share": float(share[k]), "profile": base.profiles[k],
                "of_species": by_species[k], "likest": _likest(base.profiles[k], library),
                "mapped": None if drawn is None else float(drawn.mapped[k]),
                "lower": None if drawn is None else drawn.lower[k],
                "upper": None if drawn is None else drawn.upper[k],
                "pushed_lower": None if pushed is None else pushed.lower[k],
                "pushed_upper": None if pushed is None else pushed.upper[k],
                "from": _from(arrays, table, base.contributions[:, k]),
            }
        )  # fmt: skip
    return found


def _likest(profile: Floats, library: Floats) -> list[dict[str, Any]]:
    """Return the profiles of the library most alike, by cosine over the species both have."""
    found = []
    for place, row in enumerate(library):
        both = np.isfinite(row)
        size = float(np.linalg.norm(profile[both]) * np.linalg.norm(row[both]))
        if both.sum() >= SHARED and size > 0:
            cosine = float(profile[both] @ row[both]) / size
            found.append({"profile": place, "cosine": cosine, "species": int(both.sum())})
    return sorted(found, key=lambda item: (-float(item["cosine"]), item["profile"]))[:NAMES]


def _from(arrays: Arrays, table: _Table, contribution: Floats) -> dict[str, Any] | None:
    """Return the sector of the wind with which a factor is high most often, None without enough wind."""
    speed = np.asarray(arrays["speed"], np.float64)[table.rows]
    direction = np.asarray(arrays["direction"], np.float64)[table.rows]
    try:
        rose = wind.conditional_probability(
            speed, direction, contribution, percent=75.0, step=22.5, minimum=5
        )
    except TracingError:
        return None
    if not np.isfinite(rose.probability).any():
        return None
    best = int(np.nanargmax(rose.probability))
    return {
        "direction": float(rose.direction[best]), "probability": float(rose.probability[best]),
        "count": int(rose.count[best]),
    }  # fmt: skip


def _short(values: Floats) -> list[list[float]]:
    """Return rows of numbers cut to the digits that mean something."""
    return [[float(f"{value:.{DIGITS}g}") for value in row] for row in values.tolist()]
