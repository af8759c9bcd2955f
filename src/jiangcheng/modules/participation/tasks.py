"""What the room does by itself."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from jiangcheng.modules.participation import services


def sweep() -> None:
    """Forget what addresses did more than a day ago."""
    services.sweep(before=timezone.now() - dt.timedelta(days=1))
