"""The desk `observations` as a Django application."""

from django.apps import AppConfig


class ObservationsConfig(AppConfig):
    name = "jiangcheng.core.observations"
    label = "observations"
    verbose_name = "监测数据"
    default_auto_field = "django.db.models.BigAutoField"
