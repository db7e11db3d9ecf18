"""Finding products: PostgreSQL's own full-text search, then the beginnings and the middles of words.

The vector is an index over an expression (see the model), so nothing has to be kept
up to date. What a shopper types is cut into plain words before it is made a query:
no sign in it can be an operator.
"""

import re

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Q, QuerySet

from shop.models import SEARCHED, Product

MAX_WORDS = 8
MAX_LENGTH = 80


def search(text: str, *, limit: int) -> QuerySet[Product]:
    """The products that fit, the best first. Words that no product has are tried as parts of words."""
    terms = words(text)
    if not terms:
        return Product.objects.none()
    fitting = _fitting(terms)
    return (fitting if fitting.exists() else _containing(terms))[:limit]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text[:MAX_LENGTH])[:MAX_WORDS]


def _fitting(terms: list[str]) -> QuerySet[Product]:
    beginnings = " & ".join(f"{term}:*" for term in terms)
    query = SearchQuery(beginnings, config="english", search_type="raw")
    return (
        Product.objects.annotate(searched=SEARCHED, rank=SearchRank(SEARCHED, query))
        .filter(searched=query)
        .order_by("-rank", "position", "id")
    )


def _containing(terms: list[str]) -> QuerySet[Product]:
    everywhere = Q()
    for term in terms:
        everywhere &= Q(name__icontains=term) | Q(summary__icontains=term) | Q(skus__code__icontains=term)
    return Product.objects.filter(everywhere).distinct().order_by("position", "id")
