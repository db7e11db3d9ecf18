"""REST of the dead letters, for staff: list them, look at one, send it again, or give it up."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from fastpath_lambda.sqs import Queue
from orders import dead_letters, discarding, jobs
from orders.models import DeadLetter
from shop.rest.pages import CURSOR, Page, Pages

STATES = [state.value for state in DeadLetter.State]
UNCHANGED = OpenApiResponse(description="The letter stays as it is.")


class Letter(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=DeadLetter.State.choices)
    received_at = serializers.DateTimeField()
    order_id = serializers.UUIDField(allow_null=True, help_text="Null where the body is too broken to tell.")
    reason = serializers.CharField()
    message_id = serializers.CharField()
    changed_by = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    units_returned = serializers.IntegerField(
        allow_null=True, help_text="Of a discarded one. Null where it was nobody's claim: no buyer was told."
    )


class WholeLetter(Letter):
    body = serializers.CharField()
    came_as = serializers.CharField(allow_blank=True, help_text="The body before it was edited first.")


class LetterPage(Page):
    results = Letter(many=True)


class NewestFirst(Pages):
    ordering = "-id"


@extend_schema(
    operation_id="dead_letters_list",
    summary="What could not become an order, the newest first",
    tags=["dead letters"],
    parameters=[
        CURSOR,
        OpenApiParameter("state", str, enum=[*STATES, "all"], default="waiting"),
    ],
    responses=LetterPage,
)
@api_view(["GET", "HEAD"])
def letters(request: Request) -> Response:
    state = request.query_params.get("state", DeadLetter.State.WAITING.value)
    if state not in (*STATES, "all"):
        raise ValidationError({"state": f"Choose one of {', '.join(STATES)}, or all."})
    found = DeadLetter.objects.all() if state == "all" else DeadLetter.objects.filter(state=state)
    pages = NewestFirst()
    return pages.get_paginated_response(Letter(pages.paginate_queryset(found, request), many=True).data)


@extend_schema(
    operation_id="dead_letters_show",
    summary="One letter, with the message's body",
    tags=["dead letters"],
    responses=WholeLetter,
)
@api_view(["GET", "HEAD"])
def letter(request: Request, number: int) -> Response:
    return _present(_find(number))


@extend_schema(
    operation_id="dead_letters_replay",
    summary="Send the message to the buffer again",
    description="Sent twice it is still one order.",
    tags=["dead letters"],
    request=None,
    responses={200: WholeLetter, 409: UNCHANGED},
)
@api_view(["POST"])
def replay(request: Request, number: int) -> Response:
    found = _find(number)
    dead_letters.replay(found, queue=Queue.from_environment(), by=_who(request), now=timezone.now())
    return _present(_find(number))


@extend_schema(
    operation_id="dead_letters_discard",
    summary="Give it up",
    description="Its units go back, and its buyer is told that the order could not be completed.",
    tags=["dead letters"],
    request=None,
    responses={200: WholeLetter, 409: UNCHANGED},
)
@api_view(["POST"])
def discard(request: Request, number: int) -> Response:
    found = _find(number)
    discarding.discard(found, ledger=jobs.ledger(), by=_who(request), now=timezone.now())
    return _present(_find(number))


def _find(number: int) -> DeadLetter:
    return get_object_or_404(DeadLetter, pk=number)


def _present(found: DeadLetter) -> Response:
    return Response(WholeLetter(found).data)


def _who(request: Request) -> str:
    return str(request.user.get_username())
