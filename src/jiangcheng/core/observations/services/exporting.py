"""Export of values to CSV and Parquet files that `import_file` reads again."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from jiangcheng.core.observations import store
from jiangcheng.core.observations.rules import calendar
from jiangcheng.core.registry.models import ObservedProperty, Station


def export_file(
    path: pathlib.Path,
    *,
    stations: Sequence[int] | None,
    properties: Sequence[int] | None,
    granularity: store.Granularity,
    start: datetime.datetime,
    end: datetime.datetime,
    as_of: datetime.datetime | None = None,
) -> int:
    """Write values of ``[start, end)`` in the long form, by station, property and time; return the number of rows.

    Times are starts of intervals with the offset of Beijing. The suffix of the path decides: ``.csv`` or
    ``.parquet``.

    Raises
    ------
    ValueError
        For another suffix.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise ValueError(f"{path.name}: neither .csv nor .parquet")
    table = tidy_table(
        store.read(
            stations=stations,
            properties=properties,
            granularity=granularity,
            start=start,
            end=end,
            as_of=as_of,
        ),
        granularity,
    )
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path, compression="zstd")
    return len(table)


def tidy_table(values: pa.Table, granularity: store.Granularity) -> pa.Table:
    """Return values as `store.read` gives them with codes, units, Beijing times and letters."""
    stations = dict(Station.objects.values_list("pk", "code"))
    described = {
        key: (code, statistic, unit)
        for key, code, statistic, unit in ObservedProperty.objects.values_list(
            "pk", "code", "statistic", "unit"
        )
    }
    keys = values["property"].to_numpy()
    local = (values["start"].to_numpy() + calendar.BEIJING).astype("datetime64[s]")
    return pa.table(
        {
            "station": _spelled(values["station"].to_numpy(), stations),
            "property": _spelled(keys, {key: texts[0] for key, texts in described.items()}),
            "statistic": _spelled(keys, {key: texts[1] for key, texts in described.items()}),
            "time": pa.array(np.char.add(np.datetime_as_string(local), "+08:00")),
            "granularity": _spelled(
                np.full(len(values), int(granularity)), {int(granularity): granularity.name.lower()}
            ),
            "value": pa.array(values["value"].to_numpy(), from_pandas=True),
            "unit": _spelled(keys, {key: texts[2] for key, texts in described.items()}),
            "flag": _spelled(values["flag"].to_numpy(), {code: chr(code) for code in range(128)}),
            "revision": values["revision"],
        }
    )


def _spelled(keys: Any, texts: dict[int, str]) -> pa.Array:
    distinct, places = np.unique(keys, return_inverse=True)
    words = pa.array([texts.get(int(key), str(key)) for key in distinct], pa.string())
    return words.take(pa.array(places))
