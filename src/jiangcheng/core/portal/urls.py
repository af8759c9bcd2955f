"""Addresses of the desk `portal`."""

from django.urls import path

from jiangcheng.core.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("map/", views.one_map, name="map"),
    path("map/layers.json", views.map_layers, name="map_layers"),
    path("live", views.live, name="live"),
    path("todo/", views.todo, name="todo"),
    path("todo/card/", views.todo_card, name="todo_card"),
    path("messages/", views.message_list, name="messages"),
    path("messages/bell/", views.bell, name="bell"),
    path("messages/settings/", views.wishes, name="wishes"),
    path("messages/settings/<int:contact_id>/", views.contact, name="contact"),
    path("messages/<int:message_id>/", views.message, name="message"),
    path("deliveries/", views.delivery_list, name="deliveries"),
    path("deliveries/<uuid:delivery_id>/", views.delivery, name="delivery"),
    path("healthz", views.health, name="health"),
    path("metrics", views.metrics, name="metrics"),
]
