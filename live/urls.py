"""URLs of this package."""

from django.urls import path

from live.shows import api, views

app_name = "live"

urlpatterns = [
    path("shows/", views.index, name="shows"),
    path("shows/<slug:slug>/", views.show, name="show"),
    path("api/v1/shows/", api.shows, name="api_shows"),
    path("api/v1/shows/<slug:show>/", api.show, name="api_show"),
    path("api/v1/shows/<slug:show>/status/", api.status, name="api_show_status"),
    path("api/v1/shows/<slug:show>/pin/", api.pin, name="api_show_pin"),
    path("api/v1/shows/<slug:show>/moments/", api.moments, name="api_show_moments"),
    path("api/v1/shows/<slug:show>/moments/<int:moment>/", api.moment, name="api_show_moment"),
]
