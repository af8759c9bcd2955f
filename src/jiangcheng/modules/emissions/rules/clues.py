"""What looks falsified: pure tests of series, each with the times that triggered it.

A clue says "suspicious, verify", never "forged" (环发〔2015〕175号; HJ 356-2019 6.3). Every test takes one or more
series in rising time, leaves NaN out, and gets its parameters from the dated table ``clues``. Starts are epoch
seconds, `step` is the length of an interval [s].
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.emissions.rules import flue, marks
from jiangcheng.standards import periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Parameters = Mapping[str, Any]

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation of a normal distribution to its standard deviation."""


class Hit(NamedTuple):
    """A time ``[start, end)`` [epoch s] that triggered a test, and what was found in it."""

    start: int
    end: int
    facts: dict[str, float]


def constant(start: ArrayLike, value: ArrayLike, *, step: int, parameters: Parameters) -> list[Hit]:
    """Return runs of unchanged values (恒值).

    Parameters
    ----------
    parameters
        ``points``, ``hours``: what a run needs at least; ``resolution``: difference that counts as none;
        ``floor``: values up to it are too low to tell (below detection, standstill).
    """
    starts, values = _known(start, value)
    if len(starts) < 2:
        return []
    same = (np.abs(np.diff(values)) <= parameters["resolution"]) & (np.diff(starts) == step)
    same &= values[1:] > parameters["floor"]
    needed = max(parameters["points"], parameters["hours"] * periods.HOUR // step)
    return [
        _hit(starts, first, last, step, value=values[first], points=last - first + 1)
        for first, last in _runs(same)
        if last - first + 1 >= needed
    ]


def clipped(
    start: ArrayLike, value: ArrayLike, limit: ArrayLike, *, step: int, parameters: Parameters
) -> list[Hit]:
    """Return weeks whose values pile up under one ceiling below the limit and never pass it (削顶).

    Parameters
    ----------
    limit
        Limit in force, one for all or ``(n,)``.
    parameters
        ``hours`` of a window; ``band``: width of the pile as share of the ceiling; ``share`` of values in it;
        ``points`` in it; ``pile``: how many times denser than the bands below; ``lowest``: ceiling as share of
        the limit.
    """
    starts, values = _known(start, value)
    limits = np.broadcast_to(np.asarray(limit, np.float64), np.shape(start))[_kept(value)]
    found = []
    for rows in _windows(starts, parameters["hours"], step):
        part, allowed = values[rows], float(limits[rows].min())
        ceiling = float(part.max())
        if not parameters["lowest"] * allowed <= ceiling <= allowed:
            continue
        width = parameters["band"] * ceiling
        top = part >= ceiling - width
        # Two bands, for a single empty one would make any maximum look dense.
        below = ((part < ceiling - width) & (part >= ceiling - 3 * width)).sum() / 2.0
        enough = top.mean() >= parameters["share"] and top.sum() >= parameters["points"]
        if enough and top.sum() >= parameters["pile"] * max(below, 1.0):
            at = rows[top]
            found.append(
                Hit(
                    int(starts[at[0]]),
                    int(starts[at[-1]]) + step,
                    {"ceiling": ceiling, "limit": allowed, "points": float(top.sum())},
                )
            )
    return found


def near_limit(
    start: ArrayLike, value: ArrayLike, limit: ArrayLike, *, step: int, parameters: Parameters
) -> list[Hit]:
    """Return times that run just under the limit for a day or longer (贴限).

    Parameters
    ----------
    parameters
        ``hours`` of a window, ``low``: share of the limit from which a value is near it, ``share`` of such values.
    """
    starts, values = _known(start, value)
    limits = np.broadcast_to(np.asarray(limit, np.float64), np.shape(start))[_kept(value)]
    near = (values >= parameters["low"] * limits) & (values <= limits)
    width = parameters["hours"] * periods.HOUR // step
    share = _rolling_mean(near.astype(np.float64), width)
    whole = _unbroken(starts, width, step)
    bad = whole & (share >= parameters["share"])
    return [
        _hit(starts, first, last + width - 1, step, share=float(near[first : last + width].mean()))
        for first, last in _spans(bad)
    ]


def repeated(
    start: ArrayLike,
    value: ArrayLike,
    *,
    step: int,
    parameters: Parameters,
    others: Sequence[tuple[ArrayLike, ArrayLike]] = (),
) -> list[Hit]:
    """Return sequences that were sent before, by this outlet or another (重放).

    Parameters
    ----------
    others
        Start and value of the series of other outlets.
    parameters
        ``points`` of a sequence, ``distinct`` values it needs, ``resolution`` of the instrument.
    """
    width = int(parameters["points"])
    series = [_known(start, value), *(_known(*other) for other in others)]
    stacks = [_sequences(*one, width, step, parameters) for one in series]
    keys = np.concatenate([stack[0] for stack in stacks])
    at = np.concatenate([stack[1] for stack in stacks])
    owner = np.repeat(np.arange(len(stacks)), [len(stack[1]) for stack in stacks])
    if len(keys) < 2:
        return []
    order = np.lexsort((owner, at, keys))
    keys, at, owner = keys[order], at[order], owner[order]
    first = np.concatenate(([True], keys[1:] != keys[:-1]))
    origin = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    distance = at - at[origin]
    # The same hours of two outlets are `twins`; a window that overlaps its own copy is a constant or a ramp.
    copy = (owner == 0) & ~first & (distance >= width * step)
    rows = np.flatnonzero(copy)[np.argsort(at[copy])]
    found: list[Hit] = []
    for row in rows.tolist():
        begin, end = int(at[row]), int(at[row]) + width * step
        if found and begin <= found[-1].end:
            found[-1] = Hit(found[-1].start, max(end, found[-1].end), found[-1].facts)
        else:
            facts = {"copy_of": float(at[origin[row]]), "own": float(owner[origin[row]] == 0)}
            found.append(Hit(begin, end, facts))
    return found


def collapse(
    start: ArrayLike,
    value: ArrayLike,
    *,
    step: int,
    parameters: Parameters,
    load: ArrayLike | None = None,
) -> list[Hit]:
    """Return days whose spread is a fraction of the outlet's own while the load goes on varying (方差塌缩).

    Parameters
    ----------
    load
        Load of the plant in the same rows, or None where it is not measured.
    parameters
        ``hours`` of a window, ``usual_days`` before it, ``share`` of the usual spread, ``load_spread``: relative
        spread of the load that counts as varying.
    """
    starts, values = _known(start, value)
    width = parameters["hours"] * periods.HOUR // step
    spread = _rolling_spread(values, width)
    if not len(spread):
        return []
    usual = _median_before(spread, int(parameters["usual_days"] * periods.DAY // step), width)
    bad = _unbroken(starts, width, step) & (spread < parameters["share"] * usual)
    if load is not None:
        varying = _rolling_spread(np.asarray(load, np.float64)[_kept(value)], width)
        bad &= varying >= parameters["load_spread"]
    return [
        _hit(starts, first, last + width - 1, step, spread=float(spread[first]), usual=float(usual[first]))
        for first, last in _spans(bad)
    ]


def out_of_phase(
    start: ArrayLike, value: ArrayLike, load: ArrayLike, *, step: int, parameters: Parameters
) -> list[Hit]:
    """Return days in which a series that follows the load of its plant no longer does (R5, 与负荷不同步).

    Parameters
    ----------
    load
        Load, production power or flow in the same rows, NaN where it is not known.
    parameters
        ``hours`` of a window, ``correlation``: absolute value below which it is lost, ``usual``: median of the
        outlet's own that is needed to say so, ``load_spread`` as in `collapse`.
    """
    values, loads = np.asarray(value, np.float64), np.asarray(load, np.float64)
    kept = ~np.isnan(values) & ~np.isnan(loads)
    starts, values, loads = np.asarray(start, np.int64)[kept], values[kept], loads[kept]
    width = parameters["hours"] * periods.HOUR // step
    found = _rolling_correlation(values, loads, width)
    if not len(found):
        return []
    varying = _rolling_spread(loads, width) >= parameters["load_spread"]
    whole = _unbroken(starts, width, step) & varying
    usual = float(np.median(found[whole])) if whole.any() else 0.0
    if usual < parameters["usual"]:
        return []
    bad = whole & (np.abs(found) < parameters["correlation"])
    return [
        _hit(starts, first, last + width - 1, step, correlation=float(found[first]), usual=usual)
        for first, last in _spans(bad)
    ]


def twins(
    start: ArrayLike,
    value: ArrayLike,
    other_start: ArrayLike,
    other_value: ArrayLike,
    *,
    step: int,
    parameters: Parameters,
) -> list[Hit]:
    """Return times in which two outlets send the same values (多台同值).

    Parameters
    ----------
    parameters
        ``points`` in a row, ``distinct`` values among them, ``resolution``.
    """
    starts, values = _known(start, value)
    others, found_there = _known(other_start, other_value)
    common, mine, theirs = np.intersect1d(starts, others, assume_unique=True, return_indices=True)
    if not len(common):
        return []
    same = np.abs(values[mine] - found_there[theirs]) <= parameters["resolution"]
    found = []
    for first, last in _spans(same):
        distinct = len(np.unique(values[mine][first : last + 1]))
        if last - first + 1 >= parameters["points"] and distinct >= parameters["distinct"]:
            found.append(_hit(common, first, last, step, points=last - first + 1, distinct=distinct))
    return found


def drop(
    start: ArrayLike,
    value: ArrayLike,
    *,
    step: int,
    parameters: Parameters,
    load: ArrayLike | None = None,
) -> list[Hit]:
    """Return sudden drops of the level without a change of load (突降).

    Parameters
    ----------
    parameters
        ``points`` before and after that make a level; ``deviations``: drop in robust standard deviations;
        ``share``: drop as share of the level before; ``load_change``: relative change of load that explains it.
    """
    starts, values = _known(start, value)
    width = int(parameters["points"])
    if len(values) < 2 * width:
        return []
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1)
    before, after = medians[:-width], medians[width:]
    changes = np.abs(np.diff(values))
    noise = max(float(np.median(changes)) * MAD_TO_SIGMA, 1e-9)
    fell = before - after
    bad = (fell > parameters["deviations"] * noise) & (fell > parameters["share"] * before)
    edge = np.arange(width, len(values) - width + 1)
    bad &= values[edge - 1] - values[edge] > parameters["share"] * before / 2
    bad &= (starts[edge + width - 1] - starts[edge - width]) == (2 * width - 1) * step
    if load is not None:
        loads = np.asarray(load, np.float64)[_kept(value)]
        levels = np.median(np.lib.stride_tricks.sliding_window_view(loads, width), axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = np.abs(levels[width:] - levels[:-width]) / np.abs(levels[:-width])
        bad &= ~(moved > parameters["load_change"])
    return [
        Hit(
            int(starts[edge[first]]),
            int(starts[min(edge[last] + width, len(starts)) - 1]) + step,
            {"before": float(before[first]), "after": float(after[first])},
        )
        for first, last in _spans(bad)
    ]


def missing_when_high(
    start: ArrayLike, value: ArrayLike, limit: ArrayLike, *, step: int, parameters: Parameters
) -> list[Hit]:
    """Return the gaps after high values where data are lost more often after high values than after others.

    Parameters
    ----------
    value
        NaN where the value is missing or flagged as fault.
    parameters
        ``high``: share of the limit, ``gaps``: such gaps at least, ``odds``: how many times more often.
    """
    starts, values = np.asarray(start, np.int64), np.asarray(value, np.float64)
    limits = np.broadcast_to(np.asarray(limit, np.float64), values.shape)
    if len(starts) < 2:
        return []
    grid = np.arange(starts[0], starts[-1] + step, step)
    full, allowed = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    place = np.searchsorted(grid, starts)
    full[place], allowed[place] = values, limits
    known = ~np.isnan(full[:-1])
    lost = known & np.isnan(full[1:])
    high = known & (full[:-1] > parameters["high"] * allowed[:-1])
    rate_high = (lost & high).sum() / max(high.sum(), 1)
    rate_low = (lost & ~high).sum() / max((known & ~high).sum(), 1)
    if (lost & high).sum() < parameters["gaps"] or rate_high < parameters["odds"] * max(rate_low, 1e-3):
        return []
    gaps = np.flatnonzero(lost & high)
    return [
        Hit(int(grid[row]), int(grid[row]) + 2 * step, {"before": float(full[row]), "rate": float(rate_high)})
        for row in gaps.tolist()
    ]


def conversion(
    start: ArrayLike,
    average: ArrayLike,
    converted: ArrayLike,
    oxygen: ArrayLike,
    reference: float,
    *,
    step: int,
    parameters: Parameters,
) -> list[Hit]:
    """Return times in which the sent conversion does not follow from the sent oxygen (折算不符).

    Parameters
    ----------
    parameters
        ``tolerance`` (relative), ``resolution`` [mg/m3], ``points`` in a row.
    """
    starts = np.asarray(start, np.int64)
    if not len(starts):
        return []
    on = np.datetime64(int(starts[-1]), "s").astype("datetime64[D]").item()
    good = flue.consistent(
        average,
        converted,
        oxygen,
        reference,
        tolerance=parameters["tolerance"],
        resolution=parameters["resolution"],
        on=on,
    )
    return [
        _hit(starts, first, last, step, points=last - first + 1)
        for first, last in _spans(~good)
        if last - first + 1 >= parameters["points"]
    ]


def usual_reference(
    average: ArrayLike, converted: ArrayLike, oxygen: ArrayLike, *, on: datetime.date
) -> float:
    """Return the reference oxygen [%] that an outlet's own conversions stand for, NaN where it cannot be told.

    The median over all rows, rounded to half a percent as standards print it.
    """
    measured, found, share = (np.asarray(one, np.float64) for one in (average, converted, oxygen))
    good = (measured > 0) & ~np.isnan(found) & ~np.isnan(share)
    if not good.any():
        return float("nan")
    air = flue.constant("oxygen_of_air", on)
    return float(np.round(2.0 * np.median(air - found[good] / measured[good] * (air - share[good]))) / 2.0)


def parameter_change(
    start: ArrayLike, value: ArrayLike, *, spans: Sequence[marks.Span], parameters: Parameters
) -> list[Hit]:
    """Return changes of a parameter of the instrument that no mark explains (改参数).

    Parameters
    ----------
    start, value
        The parameter as it was sent: slope, intercept, range …
    spans
        What the enterprise marked.
    parameters
        ``around_hours``: a mark that ends or begins so near explains the change.
    """
    starts, values = _known(start, value)
    around = int(parameters["around_hours"] * periods.HOUR)
    found = []
    for row in np.flatnonzero(np.diff(values) != 0).tolist():
        at = int(starts[row + 1])
        if not any(span.start - around <= at < span.end + around for span in spans):
            facts = {"before": float(values[row]), "after": float(values[row + 1])}
            found.append(Hit(int(starts[row]), at + 1, facts))
    return found


# --- arithmetic of windows ---


def _kept(value: ArrayLike) -> Bools:
    return ~np.isnan(np.asarray(value, np.float64))


def _known(start: ArrayLike, value: ArrayLike) -> tuple[Ints, Floats]:
    kept = _kept(value)
    return np.asarray(start, np.int64)[kept], np.asarray(value, np.float64)[kept]


def _hit(starts: Ints, first: int, last: int, step: int, **facts: float) -> Hit:
    last = min(last, len(starts) - 1)
    return Hit(
        int(starts[first]), int(starts[last]) + step, {name: float(fact) for name, fact in facts.items()}
    )


def _spans(bad: Bools) -> list[tuple[int, int]]:
    """Return first and last row of every run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bad, [False])).astype(np.int8)))
    return [(int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _runs(same: Bools) -> list[tuple[int, int]]:
    """Return first and last row of the runs whose neighbours are the same; ``same[i]`` speaks of i and i + 1."""
    return [(first, last + 1) for first, last in _spans(same)]


def _windows(starts: Ints, hours: int, step: int) -> list[Ints]:
    """Return the rows of consecutive windows that are at least half full."""
    if not len(starts):
        return []
    length = hours * periods.HOUR
    number = (starts - starts[0]) // length
    groups = [np.flatnonzero(number == one) for one in np.unique(number).tolist()]
    return [rows for rows in groups if 2 * len(rows) * step >= length]


def _rolling_mean(values: Floats, width: int) -> Floats:
    if len(values) < width:
        return np.empty(0)
    total = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray((total[width:] - total[:-width]) / width)


def _rolling_spread(values: Floats, width: int) -> Floats:
    """Return the relative spread of every window: standard deviation over mean."""
    if len(values) < width:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    middle = np.abs(windows.mean(axis=1))
    return np.asarray(windows.std(axis=1) / np.where(middle > 0, middle, 1.0))


def _rolling_correlation(one: Floats, other: Floats, width: int) -> Floats:
    if len(one) < width:
        return np.empty(0)
    first = np.lib.stride_tricks.sliding_window_view(one, width)
    second = np.lib.stride_tricks.sliding_window_view(other, width)
    first, second = first - first.mean(axis=1)[:, None], second - second.mean(axis=1)[:, None]
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.where(scale > 0, scale, 1.0))


def _median_before(spread: Floats, length: int, width: int) -> Floats:
    """Return, for every window, the median spread of the windows that ended before it; NaN where there is none.

    The medians are taken once in a window's width: what is usual does not change by the hour.
    """
    usual = np.full(len(spread), np.nan)
    for row in range(2 * width, len(spread) + width, width):
        past = spread[max(0, row - width - length) : row - width + 1]
        usual[row : row + width] = np.median(past)
    return usual


def _unbroken(starts: Ints, width: int, step: int) -> Bools:
    """Tell which windows of `width` rows have no gap."""
    if len(starts) < width:
        return np.empty(0, bool)
    return np.asarray(starts[width - 1 :] - starts[: len(starts) - width + 1] == (width - 1) * step)


def _sequences(
    starts: Ints, values: Floats, width: int, step: int, parameters: Parameters
) -> tuple[Ints, Ints]:
    """Return a key for every window without a gap and with enough distinct values, and its start."""
    if len(values) < width:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    steps = np.rint(values / parameters["resolution"]).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(steps, width)
    ordered = np.sort(windows, axis=1)
    distinct = (np.diff(ordered, axis=1) != 0).sum(axis=1) + 1
    kept = _unbroken(starts, width, step) & (distinct >= parameters["distinct"])
    # A polynomial modulo 2**64 in an odd base; equal windows have equal keys, others almost never.
    base = np.uint64(0x9E3779B97F4A7C15)
    powers = np.array(
        list(itertools.accumulate(itertools.repeat(int(base), width), lambda a, b: a * b % 2**64)), np.uint64
    )
    keys = (windows[kept].astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64)
    return keys.view(np.int64), starts[: len(windows)][kept]
