"""Air: known emitters ranked by several kinds of evidence, beside the answers of other methods.

Inputs of `trace` (t hours, k wind stations, r receptors, the first of which is the target, s emitters, m species):
``time`` (t,) starts of hours [s]; ``event`` (t,) the hours in question; ``value`` (t,); ``speed`` (t,) [m/s] and
``direction`` (t,) [° from where] at the wind station nearest to the target; ``winds_speed``, ``winds_direction``
(t, k); ``winds_place`` (k, 2), ``receptor_place`` (r, 2), ``emitter_place`` (s, 2) [m]; ``others`` (t, r) [unit
of the target]; ``emitter_height`` (s,) [m]; ``emission`` (t, s) [g/s]; ``online`` (t, s); ``confirmed``,
``named`` (s,) closed checks; ``profile`` (m,) species above background, ``library`` (s, m).
Where power is metered: ``power_emitter`` (k,), ``power_production``, ``power_treatment`` (t, k).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from jiangcheng.modules.source_tracing.rules import common
from jiangcheng.modules.source_tracing.rules.air import telling
from jiangcheng.modules.source_tracing.rules.air.event import Event
from jiangcheng.modules.source_tracing.rules.air.methods import METHODS
from jiangcheng.modules.source_tracing.rules.common import Arrays, Outcome, Tell


def trace(arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Return candidates with evidence, the chance of "unknown", every method's answer, and shapes for the map.

    Raises
    ------
    Refusal
        ``window``, ``no_values``, ``all_zero``, ``no_wind`` or ``calm``: then there is nothing to show.
    Interrupted
        Out of `tell`.
    """
    event = Event(arrays, meta, settings)
    methods: list[dict[str, Any]] = []
    kept: dict[str, Outcome] = {}
    wanted = [name for name in METHODS if name in meta.get("methods", METHODS)]
    for place, name in enumerate(wanted):
        tell(place / len(wanted), name)
        told, outcome = common.attempt(name, functools.partial(METHODS[name], event))
        methods.append(told)
        if outcome is not None:
            kept[name] = outcome
    main = kept.get("ranking")
    probability = main.scores if main is not None else np.zeros(len(event.place))
    shown = common.ranked(probability, settings["shown"])
    return {
        "engine": common.ENGINE,
        "unknown": main.unknown if main is not None else 1.0,
        "candidates": [
            {
                "index": index,
                "probability": float(probability[index]),
                "evidence": telling.evidence(event, index),
            }
            for index in shown
        ],
        "methods": methods,
        "shapes": telling.shapes(event, shown[:2]),
        "facts": event.facts(),
    }
