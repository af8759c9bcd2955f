"""The room `enterprises` as a Django application."""

from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "jiangcheng.modules.enterprises"
    label = "enterprises"
    verbose_name = "企业监管"
    default_auto_field = "django.db.models.BigAutoField"
