"""Addresses of the gate's operator page."""

from django.urls import path

from jiangcheng.gateway import views

app_name = "gateway"

urlpatterns = [
    path("", views.status, name="status"),
    path("live/", views.live, name="live"),
    path("orders/", views.orders, name="orders"),
    path("orders/<int:pk>/", views.order, name="order"),
    path("orders/<int:pk>/decide/", views.decide, name="decide"),
    path("facilities/<str:code>/", views.facility_card, name="facility_card"),
    path("devices/<str:mn>/", views.device, name="device"),
    path("devices/<str:mn>/access/", views.change_access, name="access"),
    path("devices/<str:mn>/key/", views.change_key, name="change_key"),
    path("devices/<str:mn>/tokens/", views.make_token, name="make_token"),
    path("devices/<str:mn>/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke_token"),
    path("devices/<str:mn>/order/<slug:command>/", views.new_order, name="new_order"),
]
