"""How buyers pay: what the shop's forms ask them, wherever a form stands."""

from django import template

from orders import providers
from orders.providers import CardField

register = template.Library()


@register.simple_tag
def card_field() -> CardField:
    return providers.card_field()
