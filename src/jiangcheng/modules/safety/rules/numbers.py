"""Numbers of a question and of an answer of the screening models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jiangcheng.methods.tracing.inputs import TracingError


def number(values: Mapping[str, Any], name: str, least: float, most: float) -> float:
    """Return a number of a question within its bounds.

    Raises
    ------
    TracingError
        If it is missing, no number, or beyond them.
    """
    try:
        value = float(values[name])
    except (KeyError, TypeError, ValueError) as error:
        raise TracingError(f"{name}: a number is needed") from error
    if not least <= value <= most:
        raise TracingError(f"{name}: {least:g} to {most:g}, not {value:g}")
    return value


def rounded(value: float) -> float:
    """Return four significant digits: a screening knows no more, and a stored run compares the same."""
    number = float(value)
    return number if number == 0 or not math.isfinite(number) else float(f"{number:.4g}")
