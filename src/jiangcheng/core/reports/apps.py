"""The desk `reports` as a Django application."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "jiangcheng.core.reports"
    label = "reports"
    verbose_name = "报告"
    default_auto_field = "django.db.models.BigAutoField"
