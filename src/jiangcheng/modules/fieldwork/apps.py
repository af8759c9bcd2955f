"""The room `fieldwork` as a Django application."""

from django.apps import AppConfig


class FieldworkConfig(AppConfig):
    name = "jiangcheng.modules.fieldwork"
    label = "fieldwork"
    verbose_name = "移动端"
    default_auto_field = "django.db.models.BigAutoField"
