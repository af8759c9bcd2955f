"""Seals a month in a process of its own and ends it, without any farewell, after a given step."""

from __future__ import annotations

import datetime
import os
import pathlib
import sys

import django
from django.conf import settings


def main(granularity: str, month: str, last_step: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"
    django.setup()
    settings.OBSERVATIONS["sealed"] = pathlib.Path(os.environ["SEALED"])
    from jiangcheng.core.observations import store

    def fault(step: str) -> None:
        if step == last_step:
            os._exit(9)

    store.seal(int(granularity), datetime.date.fromisoformat(month), fault=fault)


if __name__ == "__main__":
    main(*sys.argv[1:])
