"""The module `emissions` as a Django application."""

from django.apps import AppConfig


class EmissionsConfig(AppConfig):
    name = "jiangcheng.modules.emissions"
    label = "emissions"
    verbose_name = "污染源在线"
    default_auto_field = "django.db.models.BigAutoField"
