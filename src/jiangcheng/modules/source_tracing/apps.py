"""The room `source_tracing` as a Django application."""

import pathlib

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SourceTracingConfig(AppConfig):
    name = "jiangcheng.modules.source_tracing"
    label = "source_tracing"
    verbose_name = "溯源分析"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_load_workflows, sender=self)


def _load_workflows(**_: object) -> None:
    from jiangcheng.core.cases import services  # models are not ready when this file is read

    services.load_workflows(pathlib.Path(__file__).parent / "data" / "workflows")
