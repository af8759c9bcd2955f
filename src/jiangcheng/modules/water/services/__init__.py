"""The use cases of the room: load its data, classify readings and months, score the targets."""

from jiangcheng.modules.water.services.evaluation import evaluate, evaluate_period
from jiangcheng.modules.water.services.loading import load
from jiangcheng.modules.water.services.targets import compute_indicators

__all__ = ["compute_indicators", "evaluate", "evaluate_period", "load"]
