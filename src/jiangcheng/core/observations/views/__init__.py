"""Station pages: the list, one station, its charts, its export."""

from jiangcheng.core.observations.views.charts import calendar, classes, series
from jiangcheng.core.observations.views.export import export
from jiangcheng.core.observations.views.pages import station, stations

__all__ = ["calendar", "classes", "export", "series", "station", "stations"]
