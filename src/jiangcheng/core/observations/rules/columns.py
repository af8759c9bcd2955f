"""Arrays of one length under their names: what the store is told and what it keeps."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Self, get_type_hints

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Int8 = Annotated[Array, np.dtype("i1")]
Int16 = Annotated[Array, np.dtype("i2")]
Int32 = Annotated[Array, np.dtype("i4")]
Int64 = Annotated[Array, np.dtype("i8")]
Float64 = Annotated[Array, np.dtype("f8")]

MISSING = int(np.iinfo(np.int64).min)
"""Stands for "no value" where values are scaled integers in arrays; null in tables and files."""


class Granularity(enum.IntEnum):
    """How long the interval is that a value stands for. Four-hourly water readings are HOUR rows."""

    INSTANT = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3


NORMAL = ord("N")
"""HJ 212-2017 table 5: normal. A flag is the code point of its letter."""
BELOW_DETECTION = ord("V")
SUSPECT = ord("Q")
REJECTED = ord("X")
COUNTING = (NORMAL, BELOW_DETECTION, SUSPECT)
"""Flags of values that statistics count. A suspect value counts until a person rejects it."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Base of the tables: every field is an array, all of one length."""

    def __post_init__(self) -> None:
        for name, dtype in self.dtypes().items():
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=dtype))
        lengths = {name: np.shape(getattr(self, name)) for name in self.dtypes()}
        if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
            raise ValueError(f"columns of different length: {lengths}")

    @classmethod
    def dtypes(cls) -> dict[str, np.dtype[Any]]:
        """Return the type of every column by name."""
        table: Any = cls
        return _dtypes(table)

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return cls(**{name: np.empty(0, dtype) for name, dtype in cls.dtypes().items()})

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """Return the rows of all parts, in their order."""
        given = [part for part in parts if len(part)]
        if len(given) < 2:
            return given[0] if given else cls.empty()
        return cls(**{name: np.concatenate([getattr(part, name) for part in given]) for name in cls.dtypes()})

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.dtypes()))))

    def items(self) -> Iterator[tuple[str, Array]]:
        """Yield every column with its name."""
        return ((name, getattr(self, name)) for name in self.dtypes())

    def take(self, rows: Array) -> Self:
        """Return the rows at these positions, or where a mask is true."""
        return type(self)(**{name: column[rows] for name, column in self.items()})


@functools.cache
def _dtypes(table: type[Columns]) -> dict[str, np.dtype[Any]]:
    hints = get_type_hints(table, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in dataclasses.fields(table)}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Keys(Columns):
    """Which values are meant: ``start`` in epoch seconds UTC, the beginning of the interval."""

    granularity: Int8
    start: Int64
    station: Int32
    property: Int32

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """Return the table of these columns; scalars and datetimes are spread over the longest."""
        return cls(**_spread(columns))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Batch(Keys):
    """Values to be stored; ``value`` NaN where there is none, ``flag`` the code point of its letter."""

    value: Float64
    flag: Int16

    def __post_init__(self) -> None:
        # A slotted dataclass is a new class, so the argumentless super() would miss it.
        Columns.__post_init__(self)
        if np.isinf(self.value).any():
            raise ValueError("a value is infinite")
        if len(self) and (self.granularity.min() < 0 or self.granularity.max() > max(Granularity)):
            raise ValueError("a granularity is unknown")

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """Return a batch of these columns; scalars are spread, the flag is normal where it is left out."""
        return cls(**_spread({"flag": NORMAL, **columns}))


def _spread(columns: Mapping[str, Any]) -> dict[str, Array]:
    plain = (epoch(value) if isinstance(value, datetime.datetime) else value for value in columns.values())
    return dict(zip(columns, np.broadcast_arrays(*(np.atleast_1d(value) for value in plain)), strict=True))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Rows(Columns):
    """Stored versions of values of one granularity."""

    start: Int64
    station: Int32
    property: Int32
    value: Int64
    """Integer of 10^-decimals of the property, or MISSING."""
    flag: Int16
    revision: Int32
    received: Int64
    """Microseconds since the epoch from which this version was known."""
    sequence: Int64
    source: Int16


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Days(Columns):
    """Roll-ups of Beijing calendar days (days since 1970-01-01)."""

    station: Int32
    property: Int32
    day: Int32
    n: Int32
    n_valid: Int32
    sum: Int64
    min: Int64
    max: Int64


def epoch(instant: datetime.datetime | int) -> int:
    """Return epoch seconds of an aware datetime (whole seconds pass through)."""
    return instant if isinstance(instant, int) else microseconds(instant) // 1_000_000


def microseconds(instant: datetime.datetime) -> int:
    """Return microseconds since the epoch of an aware datetime, exactly."""
    if instant.tzinfo is None:
        raise ValueError("a datetime without zone")
    since = instant - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return since // datetime.timedelta(microseconds=1)


def scale(value: Array, decimals: Array) -> Array:
    """Return values as integers of 10^-decimals, NaN as MISSING.

    Raises
    ------
    ValueError
        If a value does not fit into 63 bits.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(value * 10.0**decimals)
    absent = np.isnan(value)
    if (np.abs(scaled[~absent]) >= 2.0**63).any():
        raise ValueError("a value is too large for the decimals of its property")
    scaled[absent] = 0
    return np.where(absent, MISSING, scaled.astype(np.int64))


def unscale(scaled: Array, decimals: Array) -> Array:
    """Return the float64 nearest to each decimal value, MISSING as NaN."""
    # Division by an exact power of ten rounds once, so 0.1 comes back as 0.1.
    return np.where(scaled == MISSING, np.nan, scaled / 10.0**decimals)


def each(mapping: Mapping[int, int], keys: Array) -> Array:
    """Return ``mapping[key]`` for every key.

    Raises
    ------
    KeyError
        If a key is not in the mapping.
    """
    distinct, inverse = np.unique(keys, return_inverse=True)
    return np.array([mapping[int(key)] for key in distinct], dtype=np.int64)[inverse]
