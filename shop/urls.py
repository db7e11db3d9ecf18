"""URLs of this package."""

from django.urls import path

from shop import api, views

app_name = "shop"

urlpatterns = [
    path("", views.home, name="home"),
    path("shop/", views.catalogue, name="catalogue"),
    path("shop/<slug:category>/", views.category, name="category"),
    path("shop/<slug:category>/<slug:product>/", views.product, name="product"),
    path("search/", views.find, name="search"),
    path("api/v1/products/", api.products, name="api_products"),
    path("api/v1/products/<slug:slug>/", api.product, name="api_product"),
    path("api/v1/stock/<str:sku>/", api.sku_stock, name="api_stock"),
]
