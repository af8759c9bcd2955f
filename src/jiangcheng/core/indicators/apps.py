"""The desk `indicators` as a Django application."""

from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "jiangcheng.core.indicators"
    label = "indicators"
    verbose_name = "指标"
    default_auto_field = "django.db.models.BigAutoField"
