"""The pages of the room."""

from jiangcheng.modules.plan.views.assessment import (
    check_evaluation,
    evaluation,
    evaluations,
    export_evaluation,
    freeze,
    make_cards,
    province,
    score_card,
    scores,
    systems,
)
from jiangcheng.modules.plan.views.targets import card_targets, report, target, targets
from jiangcheng.modules.plan.views.work import (
    load_projects,
    make_programme,
    matrix,
    milestones,
    programme,
    project_months,
    projects,
    set_milestones,
    task,
    terms,
    unit,
)

__all__ = [
    "card_targets", "check_evaluation", "evaluation", "evaluations", "export_evaluation", "freeze",
    "load_projects", "make_cards", "make_programme", "matrix", "milestones", "programme", "project_months",
    "projects", "province", "report", "score_card", "scores", "set_milestones", "systems", "target", "targets",
    "task", "terms",
    "unit",
]  # fmt: skip
