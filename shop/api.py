"""REST of the catalogue: what a product is and costs, how much of it there is; and staff's count of it."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from shop import queries, stock
from shop.models import Product, Sku, StockMovement
from shop.offers import Status
from shop.rest.pages import CURSOR, Page, Pages
from shop.rest.throttles import Catalogue
from shop.rest.tokens import TokenAuthentication

Reason = StockMovement.Reason
MAX_COUNT = 10_000_000


class OfferSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField())
    price = serializers.DecimalField(max_digits=10, decimal_places=2)
    currency = serializers.CharField()
    available = serializers.IntegerField()
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    version = serializers.IntegerField(help_text="Rises with every change that viewers see.")


class ProductSerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField()
    name = serializers.CharField()
    category = serializers.CharField(source="category.slug")
    url = serializers.CharField(source="get_absolute_url", help_text="The product's page.")
    skus = serializers.SerializerMethodField()

    @extend_schema(responses=OfferSerializer(many=True))
    def get_skus(self, product: Product) -> list[dict[str, Any]]:
        return [dict(OfferSerializer(offer).data) for offer in queries.get_offers(product)]


class ProductPage(Page):
    results = ProductSerializer(many=True)


class StockSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField()
    product = serializers.SlugField(help_text="The product's slug.")
    available = serializers.IntegerField(help_text="What can be bought now, from the shop or its sale.")
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    version = serializers.IntegerField(help_text="Rises with every change that viewers see.")


class Count(serializers.Serializer[Any]):
    """What somebody counted."""

    available = serializers.IntegerField(min_value=0, max_value=MAX_COUNT)
    seen = serializers.IntegerField(
        min_value=0,
        max_value=MAX_COUNT,
        required=False,
        help_text="What was in stock when it was counted: units ordered since are then not written over.",
    )
    reason = serializers.ChoiceField(
        choices=[Reason.RECEIVED.value, Reason.CORRECTED.value], default=Reason.CORRECTED.value
    )


class StaffWrites(BasePermission):
    """Everybody reads."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or bool(request.user and request.user.is_staff)


@extend_schema(
    operation_id="products_list",
    summary="Every product, page by page",
    tags=["catalogue"],
    parameters=[CURSOR],
    responses=ProductPage,
)
@api_view(["GET", "HEAD"])
@authentication_classes([TokenAuthentication])
@permission_classes([AllowAny])
@throttle_classes([Catalogue])
def products(request: Request) -> Response:
    pages = Pages()
    page = pages.paginate_queryset(queries.with_offers(Product.objects.all()), request)
    return pages.get_paginated_response(ProductSerializer(page, many=True).data)


@extend_schema(
    operation_id="products_show",
    summary="One product, with what each SKU costs and how much of it there is now",
    tags=["catalogue"],
    responses=ProductSerializer,
)
@api_view(["GET", "HEAD"])
@authentication_classes([TokenAuthentication])
@permission_classes([AllowAny])
@throttle_classes([Catalogue])
def product(request: Request, slug: str) -> Response:
    found = get_object_or_404(queries.with_offers(Product.objects.all()), slug=slug)
    return Response(ProductSerializer(found).data)


@extend_schema(
    methods=["GET"],
    operation_id="stock_show",
    summary="How much of one SKU there is now",
    tags=["catalogue"],
    parameters=[OpenApiParameter("sku", str, OpenApiParameter.PATH)],
    auth=[{"tokenAuth": []}, {}],  # type: ignore[list-item]
    responses=StockSerializer,
)
@extend_schema(
    methods=["PUT"],
    operation_id="stock_set",
    summary="Set what is in stock, as staff counted it",
    tags=["catalogue"],
    parameters=[OpenApiParameter("sku", str, OpenApiParameter.PATH)],
    request=Count,
    responses={
        200: StockSerializer,
        409: OpenApiResponse(description="Its units are on sale, or were ordered since they were counted."),
    },
)
@api_view(["GET", "HEAD", "PUT"])
@permission_classes([StaffWrites])
def sku_stock(request: Request, sku: str) -> Response:
    if request.method == "PUT":
        _set(_find(sku), request)
    return Response(StockSerializer(_present(sku)).data)


def _set(sku: Sku, request: Request) -> None:
    count = Count(data=request.data)
    count.is_valid(raise_exception=True)
    said = count.validated_data
    stock.set_available(
        sku,
        available=said["available"],
        by=request.user.get_username(),
        reason=Reason(said["reason"]),
        seen=said.get("seen"),
    )


def _find(code: str) -> Sku:
    # PostgreSQL refuses to look for a text with a NUL in it.
    if "\0" in code:
        raise Http404
    return get_object_or_404(Sku, code=code)


def _present(code: str) -> dict[str, Any]:
    product = queries.with_offers(Product.objects.all()).get(pk=_find(code).product_id)
    (offer,) = (offer for offer in queries.get_offers(product) if offer.sku == code)
    return {name: getattr(offer, name) for name in ("sku", "available", "status", "version")} | {
        "product": product.slug
    }
