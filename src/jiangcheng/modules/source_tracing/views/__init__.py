"""Pages of the room `source_tracing`."""

from jiangcheng.modules.source_tracing.views.cards import case_card, plot_card, station_card
from jiangcheng.modules.source_tracing.views.charts import methods, series, winds
from jiangcheng.modules.source_tracing.views.layers import areas, layer, layers, lines, points
from jiangcheng.modules.source_tracing.views.pages import (
    again,
    desk,
    dispatch,
    inputs,
    parks,
    run,
    start,
    stop,
)
from jiangcheng.modules.source_tracing.views.receptor import receptor_chart

__all__ = [
    "again",
    "areas",
    "case_card",
    "desk",
    "dispatch",
    "inputs",
    "layer",
    "layers",
    "lines",
    "methods",
    "parks",
    "plot_card",
    "points",
    "receptor_chart",
    "run",
    "series",
    "start",
    "station_card",
    "stop",
    "winds",
]
