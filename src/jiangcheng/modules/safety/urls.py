"""Addresses of the room `safety`."""

from django.urls import path

from jiangcheng.modules.safety import views

app_name = "safety"
urlpatterns = [
    path("", views.centre, name="centre"),
    path("report", views.report, name="report"),
    path("events/<str:number>", views.event, name="event"),
    path("events/<str:number>/act", views.act, name="act"),
    path("events/<str:number>/order", views.order, name="order"),
    path("events/<str:number>/notice", views.notice, name="notice"),
    path("events/<str:number>/release", views.release, name="release"),
    path("events/<str:number>/note", views.note, name="note"),
    path("events/<str:number>/plume", views.plume, name="plume"),
    path("events/<str:number>/river", views.river, name="river"),
    path("events/<str:number>/again/<int:run>", views.again, name="again"),
    path("events/<str:number>/issue", views.issue, name="issue"),
    path("events/<str:number>/repeat", views.repeat, name="repeat"),
    path("events/<str:number>/pack", views.pack, name="pack"),
    path("events/<str:number>/layers.json", views.event_layers, name="event_layers"),
    path("events/<str:number>/<slug:layer>.geojson", views.event_layer, name="event_layer"),
    path("orders", views.orders, name="orders"),
    path("orders/<str:number>", views.order_act, name="order_act"),
    path("ack/<str:token>", views.acknowledge, name="acknowledge"),
    path("stock", views.stock, name="stock"),
    path("stock/<str:number>/move", views.move, name="move"),
    path("contacts", views.contacts, name="contacts"),
    path("chemicals", views.chemicals, name="chemicals"),
    path("pollutants", views.pollutants, name="pollutants"),
    path("radiation", views.radiation, name="radiation"),
    path("card", views.card, name="card"),
    path("events.geojson", views.events_layer, name="events_layer"),
    path("dose.geojson", views.dose_layer, name="dose_layer"),
    path("cards/event/<str:number>", views.event_card, name="event_card"),
    path("cards/consultation/<str:number>", views.consultation_card, name="consultation_card"),
    path("cards/stock/<str:number>", views.stock_card, name="stock_card"),
    path("cards/source/<str:number>", views.source_card, name="source_card"),
]
