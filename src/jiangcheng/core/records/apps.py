"""The desk `records` as a Django application."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "jiangcheng.core.records"
    label = "records"
    verbose_name = "台账"
    default_auto_field = "django.db.models.BigAutoField"
