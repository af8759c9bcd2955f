"""The desk `portal` as a Django application."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "jiangcheng.core.portal"
    label = "portal"
    verbose_name = "门户"
    default_auto_field = "django.db.models.BigAutoField"
