"""The room `market` as a Django application."""

import pathlib

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MarketConfig(AppConfig):
    name = "jiangcheng.modules.market"
    label = "market"
    verbose_name = "市场与金融"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_load_workflows, sender=self)


def _load_workflows(**_: object) -> None:
    from jiangcheng.core.cases import services  # models are not ready when this file is read

    services.load_workflows(pathlib.Path(__file__).parent / "data" / "workflows")
