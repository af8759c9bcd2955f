"""Every evaluation kernel against a named dense numpy reference, in one run, at 1, 10 and 100 times the rows.

A reference does the arithmetic of the standard on whole arrays that are laid out ideally for it; each gives less than
its kernel (its docstring says what is left out) and the same numbers, which is checked before anything is timed.

    python benchmarks/kernels.py [--only NAME…] [--repeat 3] [--peer]

Times are processor seconds of this process, the least of some runs, kernel and reference in turn: other work on the
machine still slows both by the memory they share. The exponent is that of rows in a least-squares line through the
logarithms; 1 is linear. ``--peer`` also compares with the package python-aqi, row by row, if it can be installed into
a temporary environment within a minute.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import aqi_year
import water_class
from jiangcheng.modules.air import rules as air
from jiangcheng.modules.air.rules import quality
from jiangcheng.modules.emissions.rules import validity
from jiangcheng.modules.noise import rules as noise
from jiangcheng.modules.noise.rules.periods import needed
from jiangcheng.modules.water import rules as water
from jiangcheng.standards import lookup, periods

Floats = NDArray[np.float64]
TIMES = (1, 10, 100)
ON = dt.date(2026, 3, 1)
MINUTES = 60
PEER_ROWS = 2_000
PEER = """
import sys, time, aqi
from aqi.algos import mep
rows = [line.split() for line in sys.stdin]
names = (mep.POLLUTANT_SO2_24H, mep.POLLUTANT_NO2_24H, mep.POLLUTANT_PM10, mep.POLLUTANT_CO_24H, mep.POLLUTANT_O3_8H,
         mep.POLLUTANT_PM25)
begin = time.process_time()
found = [aqi.to_aqi(list(zip(names, row)), algo=aqi.ALGO_MEP) for row in rows]
print(time.process_time() - begin)
print(*found)
"""


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel and its reference on the same rows.

    ``make`` gives the inputs of so many rows; ``same`` tells whether kernel and reference agree.
    """

    name: str
    rows: int
    reference_name: str
    make: Callable[[int], Any]
    kernel: Callable[[Any], Any]
    reference: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]
    part: Callable[[Any, slice], Any] | None = None
    """Some of the rows, where these are independent of each other."""


def sliced(columns: Mapping[str, NDArray[Any]], rows: slice) -> dict[str, NDArray[Any]]:
    return {name: values[rows] for name, values in columns.items()}


# --- AQI


def day_values(rows: int) -> dict[str, Floats]:
    hours = aqi_year.concentrations(rows)
    return {"O3_8h" if name == "O3" else name: values for name, values in hours.items()}


def day_breakpoints() -> dict[str, tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    tables = {}
    for name in day_values(1):
        parameter, averaging = ("O3", "mda8") if name == "O3_8h" else (name, "day")
        digits = int(lookup.value("HJ633_rules", parameter, averaging, "decimals", edition="2026"))
        rows = [
            row
            for row in lookup.rows("HJ633", edition="2026")
            if (row.parameter, row.averaging) == (parameter, averaging)
        ]
        points = np.array([round(row.value * 10**digits) for row in rows], np.int64)
        tables[name] = (digits, points, np.array([int(row.extra["iaqi"]) for row in rows], np.int64))
    return tables


def same_aqi(result: air.AqiResult, aqi: NDArray[np.int64]) -> bool:
    published = result.aqi >= 0
    return bool(published.any() and np.array_equal(result.aqi[published], aqi[published]))


# --- HJ 663


def year_values(rows: int) -> tuple[dict[str, Floats], NDArray[np.datetime64]]:
    """Return day values of so many series of the year 2025, ``(rows, 365)`` by column."""
    calendar = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    found = day_values(rows * len(calendar))
    return {name: values.reshape(rows, -1) for name, values in found.items()}, calendar


def years(given: tuple[dict[str, Floats], NDArray[np.datetime64]]) -> list[tuple[air.ItemYear, ...]]:
    return air.evaluate_years(*given)


def year_reference(
    given: tuple[dict[str, Floats], NDArray[np.datetime64]],
) -> dict[str, tuple[Floats, Floats]]:
    """Return mean and percentile of every series, by one call of `nanmean` and `nanpercentile` for each pollutant.

    Left out: validity by month, rounding by GB/T 8170, limits, attainment.
    """
    found = {}
    for name, values in given[0].items():
        parameter, averaging = ("O3", "mda8") if name == "O3_8h" else (name, "day")
        percent = lookup.value("HJ663", parameter, averaging, "percentile", dt.date(2025, 12, 31))
        found[name] = np.nanmean(values, axis=1), np.nanpercentile(values, percent, axis=1)
    return found


def same_years(result: list[tuple[air.ItemYear, ...]], found: dict[str, tuple[Floats, Floats]]) -> bool:
    agree = True
    for place, items in enumerate(result):
        for item in items:
            mean, high = found["O3_8h" if item.parameter == "O3" else item.parameter]
            agree &= abs(item.percentile - high[place]) <= 0.5 + 1e-6
            agree &= math.isnan(item.mean) or abs(item.mean - mean[place]) <= 0.5 + 1e-6
    return agree


# --- noise


def minute_levels(rows: int) -> tuple[NDArray[np.int64], Floats]:
    """Return starts and levels of so many noise days of minutes."""
    start, _ = noise.period_bounds(ON, night=False)
    count = rows * 24 * MINUTES
    random = np.random.default_rng(906)
    levels = np.round(random.normal(55, 6, count), 1)
    levels[random.random(count) < 0.02] = np.nan
    return start + 60 * np.arange(count), levels


def noise_days(given: tuple[NDArray[np.int64], Floats]) -> noise.Days:
    starts, levels = given
    hour = (starts - starts[0]) // periods.HOUR
    hours = noise.grouped_energy(levels, hour, int(hour[-1]) + 1).level(needed("hour", "minutes", ON))
    laid = hours.reshape(1, -1, 24)
    return noise.days_of_hours(laid, laid, on=ON)


def noise_reference(given: tuple[NDArray[np.int64], Floats]) -> tuple[Floats, Floats, Floats]:
    """Return Ld, Ln and Ldn from minutes laid out as ``(days, 24, 60)``, one `nanmean` of energies each.

    Left out: grouping by time, numbers of hours, greatest level of the night, settling.
    """
    energy = 10.0 ** (given[1].reshape(-1, 24, MINUTES) / 10)
    enough = (~np.isnan(energy)).sum(axis=2) >= needed("hour", "minutes", ON)
    hours = np.where(enough, np.nanmean(energy, axis=2), np.nan)
    day, night = np.nanmean(hours[:, :16], axis=1), np.nanmean(hours[:, 16:], axis=1)
    whole = (16 * day + 8 * 10 * night) / 24
    return 10 * np.log10(day), 10 * np.log10(night), 10 * np.log10(whole)


def same_noise(result: noise.Days, found: tuple[Floats, Floats, Floats]) -> bool:
    ours = (result.ld, result.ln, result.ldn)
    return all(
        np.allclose(one[0], other, atol=1e-6, equal_nan=True) for one, other in zip(ours, found, strict=True)
    )


# --- emissions


def minute_values(rows: int) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Return starts, values and flags of so many hours of minutes."""
    random = np.random.default_rng(75)
    count = rows * MINUTES
    values = np.round(random.gamma(4, 8, count), 2)
    values[random.random(count) < 0.05] = np.nan
    flags = np.where(random.random(count) < 0.15, ord("M"), ord("N"))
    start, _ = periods.day_bounds(ON)
    return start + 60 * np.arange(count), values, flags


def aggregated(given: tuple[NDArray[np.int64], Floats, NDArray[np.int64]]) -> validity.Aggregate:
    return validity.gas(*given, level="hour", on=ON)


def emissions_reference(given: tuple[NDArray[np.int64], Floats, NDArray[np.int64]]) -> Floats:
    """Return the hour means of minutes laid out as ``(hours, 60)`` without a gap and in order.

    Left out: order, gaps, twice given minutes, other flags than N and M, settling.
    """
    values = given[1].reshape(-1, MINUTES)
    good = ~np.isnan(values) & (given[2].reshape(-1, MINUTES) == ord("N"))
    number = good.sum(axis=1)
    total = np.where(good, values, 0).sum(axis=1)
    return np.where(number >= validity.needed("hour", ON), total / np.maximum(number, 1), np.nan)


# --- quality control of air


def station_hours(rows: int) -> dict[str, Floats]:
    """Return hours of six pollutants at eight stations, ``(8, rows)``."""
    found = {name: values.reshape(8, rows) for name, values in aqi_year.concentrations(8 * rows).items()}
    for values in found.values():
        values[2, 5:40] = values[2, 5]
    return found


def quality_reference(hours: dict[str, Floats]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return the five tests by comparisons, `nanmedian`, and windows in which all values are equal.

    Left out: nothing but what a single station needs.
    """
    of = {(row.parameter, row.zone): row.value for row in lookup.rows("air_qc", ON)}
    found: dict[str, dict[str, NDArray[np.bool_]]] = {
        name: {} for name in ("range", "spike", "stuck", "neighbour")
    }
    for name, values in hours.items():
        found["range"][name] = (values < of[name, "range_lower"]) | (values > of[name, "range_upper"])
        steps = np.diff(values, axis=1)
        median = np.nanmedian(np.abs(steps), axis=1)[:, None]
        least = np.maximum(of[name, "spike_factor"] * median, of[name, "spike_floor"])
        up, down = steps[:, :-1], steps[:, 1:]
        spike = np.zeros(values.shape, bool)
        spike[:, 1:-1] = (np.abs(up) > least) & (np.abs(down) > least) & (up * down < 0)
        found["spike"][name] = spike
        found["stuck"][name] = _equal_runs(values, int(of[name, "stuck_hours"])) & (
            values > of[name, "stuck_above"]
        )
        found["neighbour"][name] = _far(values, name, of)
    over = hours["PM25"] > hours["PM10"] + of["PM25", "inversion_margin"]
    return {**found, "inversion": {"PM25": over, "PM10": over}}


def _equal_runs(values: Floats, hours: int) -> NDArray[np.bool_]:
    windows = sliding_window_view(values[:, 1:] == values[:, :-1], hours - 1, axis=1).all(axis=2)
    found = np.zeros(values.shape, bool)
    for place in range(hours):
        found[:, place : place + windows.shape[1]] |= windows
    return found


def _far(values: Floats, name: str, of: Mapping[tuple[str, str], float]) -> NDArray[np.bool_]:
    found = np.zeros(values.shape, bool)
    for row in range(len(values)):
        rest = np.delete(values, row, axis=0)
        median = np.nanmedian(rest, axis=0)
        deviation = np.nanmedian(np.abs(rest - median), axis=0)
        least = np.maximum(of[name, "neighbour_factor"] * deviation, of[name, "neighbour_floor"])
        least = np.maximum(least, of[name, "neighbour_share"] / 100 * median)
        enough = (~np.isnan(rest)).sum(axis=0) >= of[name, "neighbour_others"]
        found[row] = enough & (np.abs(values[row] - median) > least)
    return found


def same_suspects(result: Any, found: Any) -> bool:
    return all(
        np.array_equal(result[test][name], flags) for test in found for name, flags in found[test].items()
    )


# --- the run


def kernels() -> list[Kernel]:
    hour_tables, day_tables, water_tables = aqi_year.breakpoints(), day_breakpoints(), water_class.limits()
    dense = "rint, searchsorted, integer interpolation, maximum"
    return [
        Kernel(
            "AQI, hour", 10_000, dense, aqi_year.concentrations,
            lambda given: air.aqi_hourly(given, edition="2026"),
            lambda given: aqi_year.reference(given, hour_tables), same_aqi, sliced,
        ),
        Kernel(
            "AQI, day", 10_000, dense, day_values,
            lambda given: air.aqi_daily(given, edition="2026"),
            lambda given: aqi_year.reference(given, day_tables), same_aqi, sliced,
        ),
        Kernel(
            "HJ 663, year of a series", 10, "nanmean and nanpercentile of (series, 365)", year_values, years,
            year_reference, same_years,
        ),
        Kernel(
            "water class, 21 items", 10_000, "compare and sum, maximum",
            lambda rows: water_class.chunk(water_tables, rows),
            lambda given: water.classify(given, mode=water.FULL, with_multiples=False).section,
            lambda given: water_class.reference(given, water_tables), np.array_equal, sliced,
        ),
        Kernel(
            "noise, day of minutes", 10, "nanmean of energies of (days, 24, 60)", minute_levels, noise_days,
            noise_reference, same_noise,
        ),
        Kernel(
            "emissions, hour of minutes", 200, "masked sum of (hours, 60)", minute_values, aggregated,
            emissions_reference,
            lambda result, found: np.allclose(result.value, found, atol=1e-8, equal_nan=True),
        ),
        Kernel(
            "quality tests, hour at 8 stations", 400, "comparisons, nanmedian, windows", station_hours,
            lambda given: quality.suspects(given, on=ON), quality_reference, same_suspects,
        ),
    ]  # fmt: skip


def seconds(action: Callable[[Any], object], given: Any) -> float:
    begin = time.process_time()
    action(given)
    return time.process_time() - begin


def least(kernel: Kernel, given: Any, repeat: int) -> tuple[float, float]:
    """Return the least processor seconds of kernel and reference, run in turn."""
    ours, theirs = math.inf, math.inf
    for _ in range(repeat):
        ours = min(ours, seconds(kernel.kernel, given))
        theirs = min(theirs, seconds(kernel.reference, given))
    return ours, theirs


def exponent(rows: list[int], times: list[float]) -> float:
    return float(np.polyfit(np.log(rows), np.log(times), 1)[0])


def peak(action: Callable[[], object]) -> int:
    """Return the most bytes that were held beside what was there before."""
    tracemalloc.start()
    action()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def in_chunks(kernel: Kernel, given: Any, rows: int) -> None:
    assert kernel.part is not None
    for first in range(0, rows, kernel.rows):
        kernel.kernel(kernel.part(given, slice(first, first + kernel.rows)))


def measured(kernel: Kernel, repeat: int) -> None:
    """Print a kernel's figures."""
    counts, ours, theirs = [], [], []
    print(f"\n{kernel.name}; reference: {kernel.reference_name}")
    for times in TIMES:
        rows = kernel.rows * times
        given = kernel.make(rows)
        if not kernel.same(kernel.kernel(given), kernel.reference(given)):
            raise SystemExit(f"{kernel.name}: kernel and reference disagree at {rows} rows")
        one, other = least(kernel, given, max(repeat, 10 * repeat // times))
        counts.append(rows)
        ours.append(one)
        theirs.append(other)
        print(
            f"  {rows:>9,} rows  kernel {one / rows * 1e6:10.3f} us/row  reference {other / rows * 1e6:10.3f} us/row"
            f"  ratio {one / other:6.2f}"
        )
    print(f"  exponent: kernel {exponent(counts, ours):.2f}, reference {exponent(counts, theirs):.2f}")
    if kernel.part is not None:
        whole, some = peak(lambda: kernel.kernel(given)), peak(lambda: in_chunks(kernel, given, rows))
        print(
            f"  memory beside the input: {whole / 1e6:.1f} MB whole, {some / 1e6:.2f} MB in chunks of {kernel.rows:,}"
        )


def peer(folder: pathlib.Path) -> str:
    """Return how the package python-aqi compares on day values by the edition of 2012, or why it does not."""
    begin = time.monotonic()
    python = folder / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=60)
        left = max(60 - (time.monotonic() - begin), 1)
        install = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "python-aqi"]
        subprocess.run(install, check=True, capture_output=True, timeout=left)
    except (subprocess.SubprocessError, OSError) as error:
        return f"python-aqi: not installed within a minute ({type(error).__name__})"
    columns = {name: np.nan_to_num(values) for name, values in day_values(PEER_ROWS).items()}
    text = "\n".join(" ".join(map(str, row)) for row in zip(*columns.values(), strict=True))
    ran = subprocess.run([python, "-c", PEER], input=text, capture_output=True, text=True, timeout=120)
    if ran.returncode:
        return f"python-aqi: {ran.stderr.strip().splitlines()[-1]}"
    taken, found = ran.stdout.splitlines()
    result = air.aqi_daily(columns, edition="2012").aqi
    apart = np.abs(result - np.array([int(float(word)) for word in found.split()]))
    many = day_values(PEER_ROWS * 100)
    own = min(seconds(lambda given: air.aqi_daily(given, edition="2012"), many) for _ in range(3)) / (
        PEER_ROWS * 100
    )
    theirs = float(taken) / PEER_ROWS
    return (
        f"python-aqi (one row a call, HJ 633-2012): {theirs * 1e6:.1f} us/row, {theirs / own:.0f} times the kernel's"
        f" {own * 1e6:.3f}; the same AQI on {np.mean(apart == 0):.1%} of"
        f" {PEER_ROWS:,} rows, at most 1 apart on {np.mean(apart <= 1):.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of names")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peer", action="store_true", help="install python-aqi into a temporary environment")
    options = parser.parse_args()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for kernel in kernels():
        if not options.only or kernel.name.startswith(tuple(options.only)):
            measured(kernel, options.repeat)
    print("\nno kernel to measure: TLI, groundwater class (not part of the product)")
    if options.peer:
        with tempfile.TemporaryDirectory() as folder:
            print(peer(pathlib.Path(folder)))
    else:
        print("python-aqi: not asked for (--peer)")


if __name__ == "__main__":
    main()
