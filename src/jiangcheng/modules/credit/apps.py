"""The room `credit` as a Django application."""

from django.apps import AppConfig


class CreditConfig(AppConfig):
    name = "jiangcheng.modules.credit"
    label = "credit"
    verbose_name = "环保信用"
    default_auto_field = "django.db.models.BigAutoField"
