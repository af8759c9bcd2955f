"""The room `participation` as a Django application."""

from django.apps import AppConfig


class ParticipationConfig(AppConfig):
    name = "jiangcheng.modules.participation"
    label = "participation"
    verbose_name = "公众参与"
    default_auto_field = "django.db.models.BigAutoField"
