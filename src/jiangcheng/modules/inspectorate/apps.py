"""The room `inspectorate` as a Django application."""

from django.apps import AppConfig


class InspectorateConfig(AppConfig):
    name = "jiangcheng.modules.inspectorate"
    label = "inspectorate"
    verbose_name = "环保督察"
    default_auto_field = "django.db.models.BigAutoField"
