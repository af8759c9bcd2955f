"""Rules of the portal: the looks of a chart, and how messages leave the house."""

from jiangcheng.core.portal.rules.charts import (
    AQI_COLOURS,
    WATER_COLOURS,
    Answer,
    Cell,
    Limit,
    Series,
    bar_chart,
    calendar_chart,
    clock_text,
    line_chart,
    strip_chart,
    wall_clock,
)
from jiangcheng.core.portal.rules.delivery import (
    REPLAY_WINDOW_S,
    Policy,
    after_quiet_hours,
    is_local_path,
    policy,
    retry_pause,
    signature,
    signature_holds,
    spread,
)
from jiangcheng.core.portal.rules.todo import Pressure, pressure

__all__ = [
    "AQI_COLOURS",
    "REPLAY_WINDOW_S",
    "WATER_COLOURS",
    "Answer",
    "Cell",
    "Limit",
    "Policy",
    "Pressure",
    "Series",
    "after_quiet_hours",
    "bar_chart",
    "calendar_chart",
    "clock_text",
    "is_local_path",
    "line_chart",
    "policy",
    "pressure",
    "retry_pause",
    "signature",
    "signature_holds",
    "spread",
    "strip_chart",
    "wall_clock",
]
