"""What the station page shows, as a file."""

from __future__ import annotations

import datetime as dt
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from django.http import Http404, HttpRequest, HttpResponse

from jiangcheng.core.access.services import requires
from jiangcheng.core.observations import store
from jiangcheng.core.observations.views.selection import PERMISSION, Selection, selection
from jiangcheng.core.portal.services import tables

BOM = "\ufeff".encode()
"""Tells spreadsheet programs that the file is UTF-8."""
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": tables.PARQUET,
    "xlsx": tables.XLSX,
    "geojson": tables.GEOJSON,
}


@requires(PERMISSION)
def export(request: HttpRequest, code: str, form: str) -> HttpResponse:
    """Return the selected rows as a file; instants carry their zone, units stand beside the values."""
    if form not in TYPES:
        raise Http404(form)
    chosen = selection(request, code)
    table = _table(chosen)
    sink = io.BytesIO()
    if form == "csv":
        sink.write(BOM)
        pyarrow.csv.write_csv(table, sink)
    elif form == "xlsx":
        rows = ([_plain(cell) for cell in row.values()] for row in table.to_pylist())
        sink.write(tables.as_xlsx(code, [table.column_names, *rows]))
    elif form == "geojson":
        sink.write(_geojson(chosen, table))
    else:
        units = {str(observed): observed.unit for observed in chosen.properties}
        table = table.replace_schema_metadata({f"unit:{name}": unit for name, unit in units.items()})
        pyarrow.parquet.write_table(table, sink, compression="zstd")
    name = f"{code}-{chosen.granularity.name.lower()}-{chosen.start}-{chosen.end}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(sink.getvalue(), content_type=TYPES[form], headers=headers)


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, dt.datetime) else cell


def _geojson(chosen: Selection, table: pa.Table) -> bytes:
    """Return the station as one feature with its rows: the place does not repeat with every value."""
    rows = [{name: _plain(cell) for name, cell in row.items()} for row in table.to_pylist()]
    feature = {
        "type": "Feature",
        "id": chosen.station.code,
        "geometry": {"type": "Point", "coordinates": [chosen.station.longitude, chosen.station.latitude]},
        "properties": {"station": chosen.station.code, "name": chosen.station.name_zh, "rows": rows},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False).encode()


def _table(chosen: Selection) -> pa.Table:
    rows = store.read(
        stations=[chosen.station.pk],
        properties=[observed.pk for observed in chosen.properties],
        granularity=chosen.granularity,
        start=chosen.start,
        end=chosen.end,
    )
    by_key = {observed.pk: observed for observed in chosen.properties}
    keys = rows["property"].to_pylist()
    start = pc.cast(rows["start"], pa.timestamp("s")).cast(pa.timestamp("s", "UTC"))
    return pa.table(
        {
            "station": pa.array(np.full(rows.num_rows, chosen.station.code, dtype=object), pa.string()),
            "property": pa.array([str(by_key[key]) for key in keys], pa.string()),
            "name": pa.array([by_key[key].name_zh for key in keys], pa.string()),
            "start": start.cast(pa.timestamp("s", "Asia/Shanghai")),
            "value": pc.if_else(pc.is_nan(rows["value"]), pa.scalar(None, pa.float64()), rows["value"]),
            "unit": pa.array([by_key[key].unit for key in keys], pa.string()),
            "flag": pa.array([chr(flag) for flag in rows["flag"].to_pylist()], pa.string()),
            "revision": rows["revision"],
        }
    )
