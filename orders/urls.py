from django.urls import path

from orders import account_views, api, basket_views, dead_letters_api, password_views, payment_views, views

app_name = "orders"

urlpatterns = [
    path("shop/<slug:category>/<slug:product>/order", views.order_product, name="order_product"),
    path(
        "shop/<slug:category>/<slug:product>/order/<uuid:order_id>",
        views.order_status,
        name="order_status",
    ),
    path("basket/", basket_views.basket_page, name="basket"),
    path("basket/add/", basket_views.add_to_basket, name="add_to_basket"),
    path("basket/update/", basket_views.update_basket, name="update_basket"),
    path("basket/remove/", basket_views.remove_from_basket, name="remove_from_basket"),
    path("checkout/", basket_views.checkout_page, name="checkout"),
    path("account/", account_views.account_page, name="account"),
    path("account/log-in/", account_views.log_in, name="log_in"),
    path("account/sign-up/", account_views.sign_up, name="sign_up"),
    path("account/log-out/", account_views.log_out, name="log_out"),
    path("account/forgotten/", password_views.forgotten, name="forgotten"),
    path("account/forgotten/sent/", password_views.link_sent, name="link_sent"),
    path("account/forgotten/<uidb64>/<token>/", password_views.new_password, name="new_password"),
    path("orders/<uuid:order_id>/", views.order_page, name="order"),
    path("payments/<slug:name>/events/", payment_views.events, name="payment_events"),
    path("api/v1/orders/", api.orders, name="api_orders"),
    path("api/v1/orders/<uuid:order_id>/", api.order, name="api_order"),
    path("api/v1/orders/<uuid:order_id>/cancel/", api.cancel, name="api_cancel"),
    path("api/v1/dead-letters/", dead_letters_api.letters, name="api_letters"),
    path("api/v1/dead-letters/<int:number>/", dead_letters_api.letter, name="api_letter"),
    path("api/v1/dead-letters/<int:number>/replay/", dead_letters_api.replay, name="api_replay"),
    path("api/v1/dead-letters/<int:number>/discard/", dead_letters_api.discard, name="api_discard"),
]
