"""The room `inspections` as a Django application."""

from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    name = "jiangcheng.modules.inspections"
    label = "inspections"
    verbose_name = "双随机检查"
    default_auto_field = "django.db.models.BigAutoField"
