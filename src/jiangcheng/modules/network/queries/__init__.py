"""What the pages of the network ask."""

from jiangcheng.modules.network.queries.agencies import agency_quality, qualified
from jiangcheng.modules.network.queries.catalogue import Dataset, dataset, datasets, pulls
from jiangcheng.modules.network.queries.coverage import Coverage, coverage, missing, points, silent_periods
from jiangcheng.modules.network.queries.ids import translate
from jiangcheng.modules.network.queries.quality import checks_of, qc_covering, series_under_qc, valid_until
from jiangcheng.modules.network.queries.statistics import document, editions, rural

__all__ = [
    "Coverage",
    "Dataset",
    "agency_quality",
    "checks_of",
    "coverage",
    "dataset",
    "datasets",
    "document",
    "editions",
    "missing",
    "points",
    "pulls",
    "qc_covering",
    "qualified",
    "rural",
    "series_under_qc",
    "silent_periods",
    "translate",
    "valid_until",
]
