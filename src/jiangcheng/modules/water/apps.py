"""The module `water` as a Django application."""

from django.apps import AppConfig


class WaterConfig(AppConfig):
    name = "jiangcheng.modules.water"
    label = "water"
    verbose_name = "水环境"
    default_auto_field = "django.db.models.BigAutoField"
