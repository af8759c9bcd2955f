"""What the pages, the command line and the services read."""

from jiangcheng.modules.plan.queries.measures import Measure, measure, told
from jiangcheng.modules.plan.queries.province import CityPlace, ProvinceRow, province
from jiangcheng.modules.plan.queries.scores import (
    beauty,
    belongs,
    card,
    card_years,
    cards,
    counties,
    county_items,
    editions,
    objections,
)
from jiangcheng.modules.plan.queries.standings import (
    OUTLOOKS,
    STATES,
    Known,
    Reading,
    Standing,
    history_of,
    standing,
    standings,
    versions,
)
from jiangcheng.modules.plan.queries.work import (
    MONTHS,
    Line,
    UnitRow,
    duties,
    lead_of,
    leads,
    line,
    matrix,
    of_task,
    programme_years,
    progress,
    project,
    projects,
    terms,
)

__all__ = [
    "MONTHS", "OUTLOOKS", "STATES", "CityPlace", "Known", "Line", "Measure", "ProvinceRow", "Reading",
    "Standing", "UnitRow", "beauty", "belongs", "card", "card_years", "cards", "counties", "county_items", "duties",
    "editions", "history_of", "lead_of", "leads", "line", "matrix", "measure", "objections", "of_task",
    "programme_years", "progress", "project", "projects", "province", "standing", "standings", "terms",
    "told", "versions",
]  # fmt: skip
