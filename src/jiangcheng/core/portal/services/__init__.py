"""What other desks and modules ask of the portal: publish an event, draw a chart, expose a metric."""

from jiangcheng.core.portal.services import charts, metrics
from jiangcheng.core.portal.services.live import publish, sweep

__all__ = ["charts", "metrics", "publish", "sweep"]
