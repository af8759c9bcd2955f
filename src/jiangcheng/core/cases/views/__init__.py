"""The case desk, the page of a case, the form to report one, and what home page and map show of them."""

from jiangcheng.core.cases.views.board import (
    card_counts,
    card_facility,
    card_open,
    card_risk,
    card_station,
    desk,
    export,
    kpis,
    layer,
)
from jiangcheng.core.cases.views.record import act, case, evidence, finish_task, new, split
from jiangcheng.core.cases.views.roster import cancel_shift, roster

__all__ = [
    "act",
    "cancel_shift",
    "card_counts",
    "card_facility",
    "card_open",
    "card_risk",
    "card_station",
    "case",
    "desk",
    "evidence",
    "export",
    "finish_task",
    "kpis",
    "layer",
    "new",
    "roster",
    "split",
]
