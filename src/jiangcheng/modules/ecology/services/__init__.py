"""What follows from new rows, zones and shorelines in and out as files, and the indicators of ecology."""

from jiangcheng.modules.ecology.engines.vectors import FileRefused
from jiangcheng.modules.ecology.services.exchange import LAYERS, export_areas, import_areas, mapping_of
from jiangcheng.modules.ecology.services.report import year_report
from jiangcheng.modules.ecology.services.watch import (
    compute_indicators,
    follow_shoreline,
    follow_version,
    watch_alien,
    watch_change,
    watch_changes,
    watch_disease,
    watch_patrol,
)

__all__ = [
    "LAYERS",
    "FileRefused",
    "compute_indicators",
    "export_areas",
    "follow_shoreline",
    "follow_version",
    "import_areas",
    "mapping_of",
    "watch_alien",
    "watch_change",
    "watch_changes",
    "watch_disease",
    "watch_patrol",
    "year_report",
]
