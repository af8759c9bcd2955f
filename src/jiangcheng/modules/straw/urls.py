"""Addresses of the room `straw`."""

app_name = "straw"
urlpatterns = []
