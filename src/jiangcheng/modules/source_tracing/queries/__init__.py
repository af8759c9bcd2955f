"""What the room asks of the store, the registers and its own tables."""

from jiangcheng.modules.source_tracing.queries.inputs import Gathered, gather, most_risen, settings_of
from jiangcheng.modules.source_tracing.queries.runs import (
    Plot,
    checked,
    compared,
    plots,
    stations,
    to_do,
    visible,
)
from jiangcheng.modules.source_tracing.queries.species import families

__all__ = [
    "Gathered",
    "Plot",
    "checked",
    "compared",
    "families",
    "gather",
    "most_risen",
    "plots",
    "settings_of",
    "stations",
    "to_do",
    "visible",
]
