"""Importing permits, tracking duties, issuing plates, giving colours, keeping lists."""

from jiangcheng.modules.enterprises.services.colours import (
    OverrideRefused,
    appeal_upheld,
    confirm_override,
    evaluate_colours,
    hand_in_appeal,
    propose_override,
)
from jiangcheng.modules.enterprises.services.duties import (
    DutyRefused,
    accept,
    load,
    plan_duties,
    submit,
    watch_duties,
    watch_permits,
)
from jiangcheng.modules.enterprises.services.lists import ListRefused, enter_list, leave_list, review_lists
from jiangcheng.modules.enterprises.services.permits import PermitImport, import_permit
from jiangcheng.modules.enterprises.services.plates import (
    TooManyScans,
    Verdict,
    issue,
    log_scan,
    public_keys,
    revocations,
    revoke,
    rotate_key,
    verify,
)
from jiangcheng.modules.enterprises.services.statements import StatementRefused, state
from jiangcheng.modules.enterprises.services.totals import check_total, propose_total

__all__ = [
    "DutyRefused",
    "ListRefused",
    "OverrideRefused",
    "PermitImport",
    "StatementRefused",
    "TooManyScans",
    "Verdict",
    "accept",
    "appeal_upheld",
    "check_total",
    "confirm_override",
    "enter_list",
    "evaluate_colours",
    "hand_in_appeal",
    "import_permit",
    "issue",
    "leave_list",
    "load",
    "log_scan",
    "plan_duties",
    "propose_override",
    "propose_total",
    "public_keys",
    "review_lists",
    "revocations",
    "revoke",
    "rotate_key",
    "state",
    "submit",
    "verify",
    "watch_duties",
    "watch_permits",
]
