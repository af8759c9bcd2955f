"""Bringing values in from files and out to files."""

from jiangcheng.core.observations.services.exporting import export_file
from jiangcheng.core.observations.services.importing import ImportReport, import_file

__all__ = ["ImportReport", "export_file", "import_file"]
