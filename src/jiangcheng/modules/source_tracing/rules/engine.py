"""The door of the engines: one call for every kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jiangcheng.modules.source_tracing.rules import air, bits, odour, pmf, river
from jiangcheng.modules.source_tracing.rules.common import ENGINE, Arrays, Tell

AIR, VOC, ODOUR, RIVER, PMF = "air", "voc", "odour", "river", "pmf"
_ENGINES = {AIR: air.trace, VOC: air.trace, ODOUR: odour.trace, RIVER: river.trace, PMF: pmf.trace}
__all__ = ["AIR", "ENGINE", "ODOUR", "PMF", "RIVER", "VOC", "run"]


def run(
    kind: str, arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any], tell: Tell
) -> dict[str, Any]:
    """Return the result of a run as plain data: equal inputs give equal bits on one machine.

    Raises
    ------
    Refusal
        If the question cannot be answered at all.
    Interrupted
        Out of `tell`.
    """
    found: dict[str, Any] = bits.plain(_ENGINES[kind](arrays, meta, settings, tell))
    return found
