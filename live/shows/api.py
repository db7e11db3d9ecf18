"""REST of shows: everybody reads them; staff go live, pin, mark and end."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from live.models import KeyMoment, Pin, Show, ShowProduct
from live.shows import airing, marking, pinning
from shop.rest.pages import CURSOR, Page, Pages
from shop.rest.throttles import Catalogue
from shop.rest.tokens import TokenAuthentication

MOVES = Show.Status.choices[1:]
STATUSES = [status.value for status in Show.Status]
UNCHANGED = OpenApiResponse(description="The show stays as it is; `detail` says why, and what to do.")


class PinSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(help_text="On the video's clock.")
    product = serializers.SlugField(
        source="product.slug",
        default=None,
        allow_null=True,
        help_text="Null: nothing is pinned from here on.",
    )


class MomentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField(help_text="On the video's clock.")
    title = serializers.CharField()


class ShowSerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField()
    title = serializers.CharField()
    host = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=Show.Status.choices)
    starts_at = serializers.DateTimeField()
    went_live_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    hls_url = serializers.CharField(help_text="The video's playlist.")
    url = serializers.CharField(source="get_absolute_url", help_text="The show's page.")
    room = serializers.SerializerMethodField(help_text="Its live room: see docs/live.md.")
    products = serializers.SerializerMethodField()

    def get_room(self, show: Show) -> str:
        return f"show:{show.slug}"

    def get_products(self, show: Show) -> list[str]:
        return [listed.product.slug for listed in show.listed.all()]


class WholeShow(ShowSerializer):
    pins = PinSerializer(many=True)
    moments = serializers.SerializerMethodField()

    @extend_schema_field(MomentSerializer(many=True))
    def get_moments(self, show: Show) -> list[dict[str, Any]]:
        return [dict(MomentSerializer(found).data) for found in show.moments.filter(is_removed=False)]


class ShowPage(Page):
    results = ShowSerializer(many=True)


class NewestFirst(Pages):
    ordering = "-id"


class Pinned(serializers.Serializer[Any]):
    """What is to be pinned."""

    product = serializers.SlugField(allow_null=True, help_text="One of the show's; null takes it down.")


class Marked(serializers.Serializer[Any]):
    """What is worth jumping to."""

    title = serializers.CharField(max_length=marking.LONGEST_TITLE)
    at = serializers.DateTimeField(required=False, help_text="Now, where it is not said.")


class Move(serializers.Serializer[Any]):
    """Where the show is to go."""

    status = serializers.ChoiceField(choices=MOVES)


@extend_schema(
    operation_id="shows_list",
    summary="Every show, the newest first",
    tags=["shows"],
    parameters=[CURSOR, OpenApiParameter("status", str, enum=STATUSES)],
    responses=ShowPage,
)
@api_view(["GET", "HEAD"])
@authentication_classes([TokenAuthentication])
@permission_classes([AllowAny])
@throttle_classes([Catalogue])
def shows(request: Request) -> Response:
    status, found = request.query_params.get("status"), _with_products()
    if status is not None:
        if status not in STATUSES:
            raise ValidationError({"status": f"Choose one of {', '.join(STATUSES)}."})
        found = found.filter(status=status)
    pages = NewestFirst()
    return pages.get_paginated_response(
        ShowSerializer(pages.paginate_queryset(found, request), many=True).data
    )


@extend_schema(
    operation_id="shows_show",
    summary="One show, with what was pinned and marked in it",
    tags=["shows"],
    responses=WholeShow,
)
@api_view(["GET", "HEAD"])
@authentication_classes([TokenAuthentication])
@permission_classes([AllowAny])
@throttle_classes([Catalogue])
def show(request: Request, show: str) -> Response:
    return _present(show)


@extend_schema(
    operation_id="shows_move",
    summary="Go live, or end",
    description="Where it is there already, nothing changes.",
    tags=["shows"],
    request=Move,
    responses={200: WholeShow, 409: UNCHANGED},
)
@api_view(["PUT"])
def status(request: Request, show: str) -> Response:
    asked = _read(Move, request)
    get_object_or_404(Show, slug=show)
    act = airing.go_live if asked["status"] == Show.Status.LIVE else airing.end
    act(show, now=timezone.now())
    return _present(show)


@extend_schema(
    operation_id="shows_pin",
    summary="Pin one of the show's products, or none",
    tags=["shows"],
    request=Pinned,
    responses={200: PinSerializer, 409: UNCHANGED},
)
@api_view(["POST"])
def pin(request: Request, show: str) -> Response:
    product = _read(Pinned, request)["product"]
    get_object_or_404(Show, slug=show)
    now = timezone.now()
    made = pinning.pin(show, product, now=now) if product else pinning.unpin(show, now=now)
    # Nothing was pinned, and nothing is: as if it had been taken down now.
    return Response(PinSerializer(made or Pin(at=now)).data)


@extend_schema(
    operation_id="shows_mark",
    summary="Mark a key moment: now, or an instant of the broadcast",
    tags=["shows"],
    request=Marked,
    responses={201: MomentSerializer, 409: UNCHANGED},
)
@api_view(["POST"])
def moments(request: Request, show: str) -> Response:
    asked = _read(Marked, request)
    get_object_or_404(Show, slug=show)
    made = marking.mark(show, asked["title"], now=timezone.now(), at=asked.get("at"))
    return Response(MomentSerializer(made).data, status=201)


@extend_schema(
    operation_id="shows_unmark",
    summary="Take a key moment back",
    tags=["shows"],
    responses={204: None},
)
@api_view(["DELETE"])
def moment(request: Request, show: str, moment: int) -> Response:
    get_object_or_404(KeyMoment, show__slug=show, pk=moment)
    marking.remove(show, moment)
    return Response(status=204)


def _with_products() -> QuerySet[Show]:
    return Show.objects.prefetch_related(
        Prefetch("listed", ShowProduct.objects.select_related("product")),
        Prefetch("pins", Pin.objects.select_related("product")),
    )


def _present(slug: str) -> Response:
    return Response(WholeShow(get_object_or_404(_with_products(), slug=slug)).data)


def _read(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)
