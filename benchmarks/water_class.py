"""Water class of 10 million rows by 21 items against a numpy compare-sum in one run.

The reference is the fastest plain way known for this: for every item the number of class limits exceeded,
summed, and the maximum over the items. It gives the class only, without limiting items, lakes and the classes
of items. Both classify the same million rows again and again, so the memory stays small.

    python benchmarks/water_class.py [--rows 10000000] [--repeat 2]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.water import rules
from jiangcheng.standards import lookup

CHUNK = 1_000_000
MISSING_SHARE = 0.03


def limits() -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    tables = {}
    for name in rules.items_of(rules.FULL):
        rows = [row for row in lookup.rows("GB3838", edition="2002") if row.parameter == name]
        rows = [row for row in rows if not row.zone.startswith("lake_")]
        upper = np.array([row.value for row in rows if row.averaging == "not_above"])
        lower = np.array([row.value for row in rows if row.averaging == "not_below"])
        tables[name] = (upper, lower)
    return tables


def chunk(tables: dict, rows: int) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(3838)
    values = {}
    for name, (upper, lower) in tables.items():
        centre = 7.5 if name == "ph" else lower[1] if upper.size == 0 else upper[2] * 0.6
        values[name] = np.round(random.normal(centre, centre * 0.15, rows), 6)
        values[name][random.random(rows) < MISSING_SHARE] = np.nan
    return values


def reference(values: dict[str, NDArray[np.float64]], tables: dict) -> NDArray[np.int8]:
    rows = len(values["ph"])
    worst = np.zeros(rows, dtype=np.int8)
    for name, numbers in values.items():
        found = np.ones(rows, dtype=np.int8)
        for limit in tables[name][0]:
            found += numbers > limit
        for limit in tables[name][1]:
            found += numbers < limit
        found[np.isnan(numbers)] = 0
        np.maximum(worst, found, out=worst)
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    tables = limits()
    values = chunk(tables, min(CHUNK, options.rows))
    classes = rules.classify(values, mode=rules.FULL, with_multiples=False).section
    if not np.array_equal(classes, reference(values, tables)):
        raise SystemExit("the kernel and the reference disagree")
    chunks = -(-options.rows // CHUNK)
    ours, plain = [], []
    for _ in range(options.repeat):
        begin = time.perf_counter()
        for _ in range(chunks):
            rules.classify(values, mode=rules.FULL, with_multiples=False)
        middle = time.perf_counter()
        for _ in range(chunks):
            reference(values, tables)
        ours.append(middle - begin)
        plain.append(time.perf_counter() - middle)
    rows = chunks * len(values["ph"])
    print(f"{rows:,} rows x {len(tables)} items; equal to the reference on all rows")
    print(
        f"kernel    {min(ours):6.2f} s  {rows / min(ours) / 1e6:6.1f} M rows/s  (class, limiting items, item classes)"
    )
    print(f"reference {min(plain):6.2f} s  {rows / min(plain) / 1e6:6.1f} M rows/s  (class)")
    print(f"ratio     {min(ours) / min(plain):6.2f}")


if __name__ == "__main__":
    main()
