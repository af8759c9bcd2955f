"""Permit duties, check lists, plates, colours and the compliance matrix, as pure functions."""

from jiangcheng.modules.enterprises.rules.checklist import Question, permit_questions
from jiangcheng.modules.enterprises.rules.colours import COLOURS, Judgement, Reason, judge_colour
from jiangcheng.modules.enterprises.rules.duties import (
    Period,
    Planned,
    due_date,
    duty_state,
    periods_of,
    planned_duties,
)
from jiangcheng.modules.enterprises.rules.matrix import cell_state, count_by_quarter, quarters
from jiangcheng.modules.enterprises.rules.plates import Claims, Forged, decode, encode, signed_part
from jiangcheng.modules.enterprises.rules.tables import NotInForce, in_force, plate_settings

__all__ = [
    "COLOURS",
    "Claims",
    "Forged",
    "Judgement",
    "NotInForce",
    "Period",
    "Planned",
    "Question",
    "Reason",
    "cell_state",
    "count_by_quarter",
    "decode",
    "due_date",
    "duty_state",
    "encode",
    "in_force",
    "judge_colour",
    "periods_of",
    "permit_questions",
    "planned_duties",
    "plate_settings",
    "quarters",
    "signed_part",
]
