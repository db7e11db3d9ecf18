"""What pages of other packages show of shows."""

from django import template
from django.db.models import QuerySet

from live.models import Show
from live.shows import queries

register = template.Library()


@register.simple_tag
def shows_live_now() -> QuerySet[Show]:
    return queries.live_now()
