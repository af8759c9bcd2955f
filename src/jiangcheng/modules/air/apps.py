"""The module `air` as a Django application."""

from django.apps import AppConfig


class AirConfig(AppConfig):
    name = "jiangcheng.modules.air"
    label = "air"
    verbose_name = "大气环境"
    default_auto_field = "django.db.models.BigAutoField"
