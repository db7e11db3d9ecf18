"""Long lists, page by page."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

CURSOR = OpenApiParameter("cursor", str, description="Where the page begins: `next` of the last one has it.")


class Pages(CursorPagination):
    """By cursor: no count, and the last page costs what the first one does."""

    page_size = 50
    ordering = "id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            raise _NOWHERE from None
        # It is asked of the database as it is, which knows whole numbers there.
        position = str(cursor.position or 0) if cursor else "0"
        if not (position.isascii() and position.isdigit() and len(position) < 19):
            raise _NOWHERE
        return cursor


_NOWHERE = ValidationError({"cursor": "This is no place in the list. Begin without a cursor."})


class Page(serializers.Serializer[Any]):
    """What a page has beside its `results`."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
