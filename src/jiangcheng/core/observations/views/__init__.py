"""Station pages: the list, one station, its charts, its export."""

from jiangcheng.core.observations.views.charts import calendar, classes, series
from jiangcheng.core.observations.views.export import export
from jiangcheng.core.observations.views.pages import station, stations
from jiangcheng.core.observations.views.standards import standard, standards

__all__ = ["calendar", "classes", "export", "series", "standard", "standards", "station", "stations"]
