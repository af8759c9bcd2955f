"""The desk `access` as a Django application."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    name = "jiangcheng.core.access"
    label = "access"
    verbose_name = "人员与权限"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_load_roles, sender=self)


def _load_roles(**_: object) -> None:
    from jiangcheng.core.access import services  # models are not ready when this file is read

    services.load_roles()
