"""The desk `cases` as a Django application."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CasesConfig(AppConfig):
    name = "jiangcheng.core.cases"
    label = "cases"
    verbose_name = "事件"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_load_workflows, sender=self)


def _load_workflows(**_: object) -> None:
    from jiangcheng.core.cases import services  # models are not ready when this file is read

    services.load_workflows()
