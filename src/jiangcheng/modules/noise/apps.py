"""The module `noise` as a Django application."""

from django.apps import AppConfig


class NoiseConfig(AppConfig):
    name = "jiangcheng.modules.noise"
    label = "noise"
    verbose_name = "声环境"
    default_auto_field = "django.db.models.BigAutoField"
