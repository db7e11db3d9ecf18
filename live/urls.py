"""URLs of this package."""

from django.urls import path

from live.shows import api, desk, views

app_name = "live"

urlpatterns = [
    path("shows/", views.index, name="shows"),
    path("shows/<slug:slug>/", views.show, name="show"),
    path("ops/shows/", desk.index, name="desks"),
    path("ops/shows/<slug:slug>/", desk.desk, name="desk"),
    path("ops/shows/<slug:slug>/live/", desk.go_live, name="desk_go_live"),
    path("ops/shows/<slug:slug>/end/", desk.end, name="desk_end"),
    path("ops/shows/<slug:slug>/pin/", desk.pin, name="desk_pin"),
    path("ops/shows/<slug:slug>/unpin/", desk.unpin, name="desk_unpin"),
    path("ops/shows/<slug:slug>/moments/", desk.mark, name="desk_mark"),
    path("ops/shows/<slug:slug>/moments/<int:moment>/remove/", desk.unmark, name="desk_unmark"),
    path("ops/shows/<slug:slug>/price/", desk.change_price, name="desk_price"),
    path("api/v1/shows/", api.shows, name="api_shows"),
    path("api/v1/shows/<slug:show>/", api.show, name="api_show"),
    path("api/v1/shows/<slug:show>/status/", api.status, name="api_show_status"),
    path("api/v1/shows/<slug:show>/pin/", api.pin, name="api_show_pin"),
    path("api/v1/shows/<slug:show>/moments/", api.moments, name="api_show_moments"),
    path("api/v1/shows/<slug:show>/moments/<int:moment>/", api.moment, name="api_show_moment"),
]
