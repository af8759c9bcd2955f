"""Production against treatment by power and water: the rules R1 to R7 of off-site supervision.

Powers and flows in rising time with NaN where nothing came; `step` is the length of an interval [s]. "Usual" is the
median while the plant runs. Parameters are the dated table ``clues``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.emissions.rules.clues import Hit
from jiangcheng.standards import periods

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Parameters = Mapping[str, Any]


def usual(power: ArrayLike) -> float:
    """Return the median of what is above a tenth of the greatest power; NaN where there is none."""
    values = np.asarray(power, np.float64)
    values = values[~np.isnan(values)]
    running = values[values > 0.1 * values.max()] if len(values) else values
    return float(np.median(running)) if len(running) else float("nan")


def treatment_off(
    start: ArrayLike,
    production: ArrayLike,
    treatment: ArrayLike,
    *,
    usual_production: float,
    usual_treatment: float,
    step: int,
    parameters: Parameters,
) -> list[Hit]:
    """Return times in which production ran and its treatment did not (R1).

    Parameters
    ----------
    parameters
        ``on``, ``off``: shares of the usual power; ``minutes`` it has to last longer than.
    """
    made, treated = np.asarray(production, np.float64), np.asarray(treatment, np.float64)
    bad = (made > parameters["on"] * usual_production) & (treated < parameters["off"] * usual_treatment)
    return _lasting(start, bad, step, parameters["minutes"], production=made, treatment=treated)


def running_empty(
    start: ArrayLike,
    load: ArrayLike,
    treatment: ArrayLike,
    *,
    usual_load: float,
    usual_treatment: float,
    step: int,
    parameters: Parameters,
) -> list[Hit]:
    """Return times of high load in which treatment idles: switched on, and doing nothing (R2).

    Parameters
    ----------
    parameters
        ``off``, ``idle``: shares of the usual power between which it idles; ``load``: share of the usual load.
    """
    loads, treated = np.asarray(load, np.float64), np.asarray(treatment, np.float64)
    idle = (treated >= parameters["off"] * usual_treatment) & (treated < parameters["idle"] * usual_treatment)
    bad = idle & (loads >= parameters["load"] * usual_load)
    return _lasting(start, bad, step, parameters["minutes"], load=loads, treatment=treated)


def limit_broken(
    start: ArrayLike, power: ArrayLike, *, base: float, ratio: float, step: int, parameters: Parameters
) -> list[Hit]:
    """Return days of an order whose energy is above the allowed share of the base (R3).

    Parameters
    ----------
    base
        Energy of a usual day [kWh]: the mean of the last normal days.
    ratio
        Allowed share.
    parameters
        ``tolerance``: relative excess that is left out of account.
    """
    starts, powers = np.asarray(start, np.int64), np.asarray(power, np.float64)
    known = ~np.isnan(powers)
    days, group = np.unique((starts[known] + periods.OFFSET) // periods.DAY, return_inverse=True)
    energy = np.bincount(group, weights=powers[known], minlength=len(days)) * step / periods.HOUR
    hours = np.bincount(group, minlength=len(days)) * step / periods.DAY
    # A day of which only a part was measured, or lies in the order, may use that part of the allowance.
    allowed = ratio * base * (1.0 + parameters["tolerance"]) * hours
    return [
        Hit(
            int(days[row]) * periods.DAY - periods.OFFSET,
            int(days[row] + 1) * periods.DAY - periods.OFFSET,
            {"energy": float(energy[row]), "allowed": float(allowed[row])},
        )
        for row in np.flatnonzero(energy > allowed).tolist()
    ]


def stop_broken(
    start: ArrayLike, production: ArrayLike, *, usual_production: float, step: int, parameters: Parameters
) -> list[Hit]:
    """Return times of production within an order to stop (R4)."""
    made = np.asarray(production, np.float64)
    bad = made > parameters["on"] * usual_production
    return _lasting(start, bad, step, parameters["minutes"], production=made)


def meter_offline(start: ArrayLike, others: ArrayLike, *, step: int, parameters: Parameters) -> list[Hit]:
    """Return times in which a meter was silent while the others of the plant were heard (R6).

    Parameters
    ----------
    start
        Starts of the values of the meter [epoch s].
    others
        Starts of the values of the others.
    parameters
        ``minutes`` of silence.
    """
    heard = np.unique(np.asarray(others, np.int64))
    lost = ~np.isin(heard, np.asarray(start, np.int64))
    return _lasting(heard, lost, step, parameters["minutes"])


def water_balance(
    start: ArrayLike, intake: ArrayLike, discharge: ArrayLike, *, step: int, parameters: Parameters
) -> list[Hit]:
    """Return days on which more water left the plant than came in, times a factor (R7).

    Parameters
    ----------
    intake, discharge
        Flows [m3/h].
    parameters
        ``factor``: water of products, rain and storage; ``hours`` that have to be known.
    """
    starts = np.asarray(start, np.int64)
    taken, left = np.asarray(intake, np.float64), np.asarray(discharge, np.float64)
    known = ~np.isnan(taken) & ~np.isnan(left)
    days, group = np.unique((starts[known] + periods.OFFSET) // periods.DAY, return_inverse=True)
    came = np.bincount(group, weights=taken[known], minlength=len(days)) * step / periods.HOUR
    went = np.bincount(group, weights=left[known], minlength=len(days)) * step / periods.HOUR
    hours = np.bincount(group, minlength=len(days)) * step / periods.HOUR
    bad = (went > parameters["factor"] * came) & (hours >= parameters["hours"])
    return [
        Hit(
            int(days[row]) * periods.DAY - periods.OFFSET,
            int(days[row] + 1) * periods.DAY - periods.OFFSET,
            {"intake": float(came[row]), "discharge": float(went[row])},
        )
        for row in np.flatnonzero(bad).tolist()
    ]


def _lasting(start: ArrayLike, bad: ArrayLike, step: int, minutes: float, **series: Floats) -> list[Hit]:
    """Return the runs of true, broken by gaps, that last longer than some minutes, with the means in them."""
    starts, flags = np.asarray(start, np.int64), np.asarray(bad, bool)
    found = []
    first = None
    for row in range(len(starts) + 1):
        here = row < len(starts) and bool(flags[row])
        broken = row > 0 and row < len(starts) and starts[row] - starts[row - 1] != step
        if first is not None and (not here or broken):
            last = row - 1
            if starts[last] + step - starts[first] > minutes * 60:
                facts = {name: float(np.nanmean(one[first : last + 1])) for name, one in series.items()}
                found.append(Hit(int(starts[first]), int(starts[last]) + step, facts))
            first = None
        if here and first is None:
            first = row
    return found
