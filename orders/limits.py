"""What the shop itself sells of one product to one buyer, held against the product's limit.

A buyer is an e-mail, and an account too where somebody is logged in (identity.py). The
count is the buyer's own row, raised by the statement that writes the order: by one
upsert whose condition is the limit, so of two orders at once the second waits for the
first and then counts on from it. Only what a limit stood for is counted, and each line
says whether it was; an undone order gives back exactly that. What a sale sells is counted
in its ledger, against the sale's own limit (fastpath_lambda/ledger.py).
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from shop.models import Product, Sku

# Part of the statement in placing.py, behind `placed` and `asked`. In the order of the products, or two
# baskets could each hold what the other waits for.
COUNT = """wanted AS (
    SELECT product_id, buyer, sum(quantity) AS units, limit_per_buyer
    FROM placed, asked, unnest(%(buyers)s::text[]) AS buyer
    WHERE limit_per_buyer IS NOT NULL
    GROUP BY product_id, buyer, limit_per_buyer
), within AS (
    INSERT INTO orders_bought AS bought (product_id, buyer, units)
    SELECT product_id, buyer, units FROM wanted WHERE units <= limit_per_buyer ORDER BY product_id, buyer
    ON CONFLICT (product_id, buyer) DO UPDATE SET units = bought.units + EXCLUDED.units
    WHERE bought.units + EXCLUDED.units <= (
        SELECT limit_per_buyer FROM shop_product WHERE id = bought.product_id
    )
    RETURNING 1
)"""
IS_KEPT = "(SELECT count(*) FROM wanted) = (SELECT count(*) FROM within)"

_GIVE_BACK = """
WITH undone AS (
    SELECT sku.product_id, who.buyer, sum(line.quantity) AS units
    FROM orders_orderline line
    JOIN orders_order ON orders_order.id = line.order_id
    JOIN shop_sku sku ON sku.id = line.sku_id
    CROSS JOIN LATERAL (VALUES (orders_order.buyer), ('account:' || account_id)) AS who(buyer)
    WHERE line.order_id = ANY(%s) AND line.counted AND who.buyer IS NOT NULL
    GROUP BY sku.product_id, who.buyer
), held AS (
    SELECT bought.id, undone.units
    FROM orders_bought bought JOIN undone USING (product_id, buyer)
    ORDER BY product_id, buyer FOR UPDATE OF bought
)
UPDATE orders_bought SET units = orders_bought.units - held.units
FROM held WHERE orders_bought.id = held.id
"""


def give_back(undone: Iterable[UUID]) -> None:
    """Units of these orders count no longer. Once: in the transaction that undoes them."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [list(undone)])


def sentence(skus: Sequence[Sku]) -> str:
    """To a buyer who asked for more of these than a limit allows."""
    products: list[Product] = list({sku.product_id: sku.product for sku in skus}.values())
    limited = [product for product in products if product.limit_per_buyer is not None]
    terms = " and ".join(f"{product.limit_per_buyer} of the {product.name}" for product in limited)
    return f"Each buyer can have {terms or 'no more'}, over all orders. Ask for fewer."
