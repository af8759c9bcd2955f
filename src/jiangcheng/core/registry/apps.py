"""The desk `registry` as a Django application."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "jiangcheng.core.registry"
    label = "registry"
    verbose_name = "名录"
    default_auto_field = "django.db.models.BigAutoField"
