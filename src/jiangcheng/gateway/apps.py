"""The gate as a Django application (its operator page)."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "jiangcheng.gateway"
    label = "gateway"
    verbose_name = "接入网关"
    default_auto_field = "django.db.models.BigAutoField"
