"""What every method of tracing asks of its input, and the error that says what is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
"""Array of float64 of the shape the docstring says."""


class TracingError(ValueError):
    """The input cannot answer the question; the message names what is missing or wrong."""


def column(name: str, values: ArrayLike) -> Floats:
    """Return a one-dimensional float column.

    Raises
    ------
    TracingError
        If it is empty, not one-dimensional or holds no number at all.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise TracingError(f"{name}: one dimension is needed, not {array.ndim}")
    if not np.isfinite(array).any():
        raise TracingError(f"{name}: no valid value")
    return array


def complete(**columns: ArrayLike) -> tuple[Floats, ...]:
    """Return columns of one length without the rows in which any of them is missing.

    Parameters
    ----------
    **columns : array_like, shape (n,)
        Named columns; NaN and infinities are missing.

    Raises
    ------
    TracingError
        If a column is empty, the lengths differ, or no row is complete.
    """
    arrays = {name: column(name, values) for name, values in columns.items()}
    lengths = {name: array.size for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise TracingError(f"columns differ in length: {lengths}")
    valid = np.logical_and.reduce([np.isfinite(array) for array in arrays.values()])
    if not valid.any():
        raise TracingError(f"no row has all of {', '.join(arrays)}")
    return tuple(array[valid] for array in arrays.values())


def positive(name: str, value: float) -> float:
    """Return a number that must be finite and above zero.

    Raises
    ------
    TracingError
        If it is not.
    """
    if not np.isfinite(value) or value <= 0:
        raise TracingError(f"{name}: a number above 0 is needed, not {value}")
    return float(value)


def informative(name: str, values: Floats) -> Floats:
    """Return values that are not all zero.

    Raises
    ------
    TracingError
        If they are: then there is nothing to trace.
    """
    if not np.any(values != 0):
        raise TracingError(f"{name}: all values are zero, there is nothing to trace")
    return values
