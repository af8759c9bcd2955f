"""The water class of a CSV file's readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jiangcheng.config.filters import stream
from jiangcheng.modules.water import rules
from jiangcheng.standards import lookup, rounding

LAKE_WORDS = r"(?i)^(lake|reservoir|true|yes|1$|.*[湖库])"
CLASS_COLUMNS = ("class", "class_name", "limiting", "multiples", "edition")


def water_classify(
    source: BinaryIO,
    sink: BinaryIO,
    rejects: TextIO | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    lake_column: str = "water_type",
    mode: str = rules.AUTO_STATION,
) -> stream.FilterReport:
    """Append the class by single factor to every row.

    Appended are ``class`` (1…6), ``class_name`` (Ⅰ…劣Ⅴ), ``limiting`` (items joined by ``|``), ``multiples``
    (``nh3n:0.52|tp:0.1``, over class III) and ``edition``; a file that has one of these columns already keeps
    it, and ours is called ``computed_class`` and so on.

    Parameters
    ----------
    source, sink
        CSV in and out, UTF-8, with a header.
    rejects
        Where refused rows are written: row, field, rule, value.
    mapping
        Names of the file's columns by ours: ``ph, do, codmn, nh3n, tp`` … [mg/L; pH: 1]. Where the file has
        ``…_raw`` beside a displayed value and no mapping, raw values are taken and displayed ones fill in.
    lake_column
        Column that says where the limits of lakes hold for phosphorus: ``lake``, ``reservoir``, words with 湖
        or 库, ``true``, ``1``. Without it all sections are rivers.
    mode
        ``"auto-station"`` or ``"full"``, see `jiangcheng.modules.water.rules.classify`.

    Raises
    ------
    ValueError
        If none of the items, or not a mapped one, is there.
    """
    refused = stream.Rejects(rejects)
    reader = stream.Reader(source, refused)
    given = _sources(dict(mapping or {}), reader.names, mode)
    added = stream.appended(CLASS_COLUMNS, reader.names)
    writer = stream.Writer(sink)
    for block in reader:
        values = {ours: _first_known(block, ours, columns) for ours, columns in given.items()}
        lake = _lakes(block, lake_column)
        values = {ours: numbers[block.good] for ours, numbers in values.items()}
        result = rules.classify(values, lake=lake[block.good], mode=mode)
        writer.write(block.with_columns(dict(zip(added, _columns(result), strict=True))))
    writer.header([*reader.names, *added])
    return stream.FilterReport(reader.rows, refused.count)


def _sources(mapping: Mapping[str, str], present: list[str], mode: str) -> dict[str, tuple[str, ...]]:
    items = rules.items_of(mode)
    raw = {ours: f"{ours}_raw" for ours in items if ours not in mapping and f"{ours}_raw" in present}
    shown = stream.named(items, mapping, [*present, *raw])
    return {
        ours: tuple(column for column in (raw.get(ours), shown.get(ours)) if column in present)
        for ours in items
        if ours in raw or ours in shown
    }


def _first_known(block: stream.Block, ours: str, columns: tuple[str, ...]) -> NDArray[np.float64]:
    first, *others = (block.number(ours, column) for column in columns)
    for other in others:
        first = np.where(np.isnan(first), other, first)
    return first


def _lakes(block: stream.Block, column: str) -> NDArray[np.bool_]:
    if column not in block.table.column_names:
        return np.zeros(len(block.good), dtype=np.bool_)
    return stream.booleans(pc.match_substring_regex(block.text(column), LAKE_WORDS))


def _columns(result: rules.ClassResult) -> tuple[pa.StringArray, ...]:
    grades = lookup.grades("water_classes", edition="2011")
    rows = len(result.section)
    return (
        stream.words(["", *(str(grade.code) for grade in grades)], result.section),
        stream.words(["", *(grade.symbol for grade in grades)], result.section),
        pa.array(result.limiting_names(), pa.string()),
        _multiples(result.multiples, rows),
        stream.words([result.edition], np.zeros(rows)),
    )


def _multiples(multiples: Mapping[str, NDArray[np.float64]], rows: int) -> pa.StringArray:
    exceeded: dict[int, list[str]] = {}
    for name, values in multiples.items():
        places = np.flatnonzero(~np.isnan(values))
        rounded = rounding.round_half_even(values[places], 2)
        for place, multiple in zip(places.tolist(), rounded.tolist(), strict=True):
            exceeded.setdefault(place, []).append(f"{name}:{multiple:g}")
    texts = np.full(rows, "", dtype=object)
    for place, parts in exceeded.items():
        texts[place] = "|".join(parts)
    return pa.array(texts, pa.string())
