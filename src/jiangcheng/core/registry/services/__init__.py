"""Importing and exporting registers, and keeping evidence."""

from jiangcheng.core.registry.rules import sniff as media_type
from jiangcheng.core.registry.services.evidence import EvidenceRefused, store_evidence
from jiangcheng.core.registry.services.exports import export_register
from jiangcheng.core.registry.services.imports import ImportReport, RowError, import_register, kinds
from jiangcheng.core.registry.services.labels import UnknownLabel, end_label, label_facility
from jiangcheng.core.registry.services.properties import load_derived, load_properties

__all__ = [
    "EvidenceRefused",
    "ImportReport",
    "RowError",
    "UnknownLabel",
    "end_label",
    "export_register",
    "import_register",
    "kinds",
    "label_facility",
    "load_derived",
    "load_properties",
    "media_type",
    "store_evidence",
]
