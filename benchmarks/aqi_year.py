"""AQI of 50 stations for one year against a dense numpy evaluation of the same table.

The reference keeps everything dense and exact with plain array operations: each concentration rounded with
`numpy.rint` in integer units, its segment found by `numpy.searchsorted`, the index interpolated in integers and
rounded up, the maximum taken over the pollutants. It gives no primary pollutant, level or validity; the kernel
gives all of these.

    python benchmarks/aqi_year.py [--repeat 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.air import rules
from jiangcheng.standards import lookup

STATIONS = 50
HOURS = 8760
SCALES = {
    "SO2": (12.0, 0),
    "NO2": (30.0, 0),
    "PM10": (70.0, 0),
    "CO": (0.8, 1),
    "O3": (65.0, 0),
    "PM25": (38.0, 0),
}


def concentrations(rows: int = STATIONS * HOURS) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(212)
    columns = {}
    for name, (mean, digits) in SCALES.items():
        values = np.round(random.gamma(1.5, mean / 1.5, rows), digits)
        values[random.random(values.size) < 0.02] = np.nan
        columns[name] = values
    return columns


def breakpoints() -> dict[str, tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    tables = {}
    for name, (_, digits) in SCALES.items():
        averaging = "day" if name.startswith("PM") else "hour"
        rows = [
            row
            for row in lookup.rows("HJ633", edition="2026")
            if (row.parameter, row.averaging) == (name, averaging)
        ]
        points = np.array([round(row.value * 10**digits) for row in rows], dtype=np.int64)
        tables[name] = (digits, points, np.array([int(row.extra["iaqi"]) for row in rows], dtype=np.int64))
    return tables


def reference(columns: dict[str, NDArray[np.float64]], tables: dict) -> NDArray[np.int64]:
    aqi = np.full(len(next(iter(columns.values()))), -1, dtype=np.int64)
    for name, values in columns.items():
        digits, points, indices = tables[name]
        missing = np.isnan(values)
        units = np.rint(np.where(missing, 0.0, values) * 10**digits).astype(np.int64)
        segment = np.clip(np.searchsorted(points, units, side="left"), 1, len(points) - 1)
        rise = (indices[segment] - indices[segment - 1]) * (units - points[segment - 1])
        index = indices[segment - 1] - (-rise // (points[segment] - points[segment - 1]))
        index = np.minimum(index, indices[-1])
        np.maximum(aqi, np.where(missing, -1, index), out=aqi)
    return aqi


def best(action: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    columns, tables = concentrations(), breakpoints()
    result = rules.aqi_hourly(columns, edition="2026")
    published = result.aqi >= 0
    if not np.array_equal(result.aqi[published], reference(columns, tables)[published]):
        raise SystemExit("the kernel and the reference disagree")
    ours = best(lambda: rules.aqi_hourly(columns, edition="2026"), options.repeat)
    dense = best(lambda: reference(columns, tables), options.repeat)
    rows = STATIONS * HOURS
    print(f"{rows:,} station-hours, {published.sum():,} with AQI; equal to the reference on all of these")
    print(f"kernel    {ours * 1e3:8.1f} ms  {rows / ours / 1e6:6.1f} M rows/s")
    print(f"reference {dense * 1e3:8.1f} ms  {rows / dense / 1e6:6.1f} M rows/s")
    print(f"ratio     {ours / dense:8.2f}  (aim: at most 1.5)")


if __name__ == "__main__":
    main()
