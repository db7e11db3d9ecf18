"""What the tests of a sale's life say again and again."""

from shop.models import Stock


def stock(code="LAMP"):
    return Stock.objects.get(sku__code=code)


def interrupt(*args, **named):
    raise KeyboardInterrupt
