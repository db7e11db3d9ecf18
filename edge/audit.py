"""The equation of scarce units, per sale and SKU: armed = left + claimed + ordered + returned.

It balances at any moment, while units are taken and claims drained, though it is read
from two stores, one after the other. The ledger comes first, in one atomic look: units
left, and the number of the latest claim. Then the database, in one statement, which is
one snapshot. What moved in between moved one way, from claim to order; so a claim of
the first look that is an order in the second counts as the order, and an order whose
claim is younger than the first look is counted as not taken yet.

Units of an undone order move the other way, from order to ledger (orders/releasing.py),
and count as `returned` while they do. What had come back to the ledger at the first
look is counted there alone, written off or not; what came back after it is counted as
still on its way. The ledger numbers what comes back, as it numbers claims. Units that
are added to a sale move like these; units that are taken back from it, the same with
the sign turned round: they count as `returned` as soon as the ledger has let go of them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from edge.ledger import connect
from fastpath_lambda.ledger import Count
from shop.models import Sale

# Of a sale that is closed, the ledger says nothing any more: all its orders count, and what is claimed
# still is in the dead letters, waiting or sent again.
_LOOK = """
    WITH looked AS (
        SELECT * FROM jsonb_to_recordset(%(looked)s::jsonb)
            AS t(sale_id bigint, generation integer, last_number bigint, "left" jsonb,
                last_given_back bigint, given_back jsonb)
    ), given_back AS (
        SELECT jsonb_array_elements_text(given_back)::uuid AS order_id FROM looked
    ), placed AS (
        SELECT o.sale_id, o.generation, line.sku_id, sum(line.quantity) AS units,
            coalesce(sum(line.quantity) FILTER (WHERE o.claim_number > looked.last_number), 0) AS younger
        FROM orders_order o
        JOIN orders_orderline line ON line.order_id = o.id
        LEFT JOIN looked USING (sale_id, generation)
        WHERE o.sale_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM orders_release WHERE orders_release.order_id = o.id)
        GROUP BY o.sale_id, o.generation, line.sku_id
    ), moved AS (
        SELECT r.allotment_id, o.sale_id, o.generation, o.id, r.quantity, r.settled_at, r.number, claim_number
        FROM orders_release r
        JOIN orders_order o ON o.id = r.order_id
        UNION ALL
        SELECT t.allotment_id, a.sale_id, a.generation, t.id, t.quantity, t.settled_at, t.number, 0
        FROM edge_transfer t
        JOIN shop_allotment a ON a.id = t.allotment_id
    ), released AS (
        SELECT allotment_id, sum(quantity * CASE
            WHEN claim_number > looked.last_number THEN CASE WHEN number IS NULL THEN -1 ELSE 0 END
            WHEN settled_at IS NULL AND given_back.order_id IS NOT NULL THEN -1
            WHEN number > looked.last_given_back THEN 1
            ELSE 0
        END) AS correction
        FROM moved
        JOIN looked USING (sale_id, generation)
        LEFT JOIN given_back ON given_back.order_id = moved.id
        GROUP BY allotment_id
    ), pending AS (
        SELECT DISTINCT ON (order_id, is_dead) * FROM (
            SELECT false AS is_dead, p.* FROM jsonb_to_recordset(%(pending)s::jsonb)
                AS p(order_id uuid, sale_id bigint, generation integer, sku text, quantity integer)
            UNION ALL
            SELECT true, order_id, (body::json->>'sale_id')::bigint, (body::json->>'generation')::integer,
                body::json->>'sku', (body::json->>'quantity')::integer
            FROM orders_deadletter
            WHERE state IN ('waiting', 'replayed') AND holds
                AND CASE WHEN body IS JSON OBJECT THEN body::json->>'order_id' = order_id::text END
        ) AS claims
        WHERE NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.id = claims.order_id)
    ), claimed AS (
        SELECT sale_id, generation, sku, is_dead, sum(quantity) AS units
        FROM pending GROUP BY sale_id, generation, sku, is_dead
    )
    SELECT product.slug, sku.code, product.slug || '/' || allotment.generation, allotment.armed,
        CASE WHEN closed_at IS NULL THEN coalesce((looked."left"->>sku.code)::integer, 0) ELSE 0 END,
        coalesce(claimed.units, 0),
        allotment.ordered - CASE WHEN closed_at IS NULL THEN coalesce(ordered.younger, 0) ELSE 0 END,
        allotment.returned + allotment.releasing
            + CASE WHEN closed_at IS NULL THEN coalesce(released.correction, 0) ELSE 0 END,
        coalesce(ordered.units, 0)
            - CASE WHEN closed_at IS NULL THEN coalesce(ordered.younger, 0) ELSE 0 END
    FROM shop_allotment allotment
    JOIN shop_sku sku ON sku.id = allotment.sku_id
    JOIN shop_product product ON product.id = sku.product_id
    LEFT JOIN looked USING (sale_id, generation)
    LEFT JOIN placed AS ordered ON (ordered.sale_id, ordered.generation, ordered.sku_id)
        = (allotment.sale_id, allotment.generation, allotment.sku_id)
    LEFT JOIN released ON released.allotment_id = allotment.id
    LEFT JOIN claimed ON (claimed.sale_id, claimed.generation, claimed.sku, claimed.is_dead)
        = (allotment.sale_id, allotment.generation, sku.code, closed_at IS NOT NULL)
    -- Armed since the look at the ledger: next time.
    WHERE (closed_at IS NOT NULL OR looked.sale_id IS NOT NULL)
        AND (%(product)s::text IS NULL OR product.slug = %(product)s)
    ORDER BY allotment.sale_id, allotment.generation, sku.code
"""


@dataclass(frozen=True, slots=True)
class Row:
    product: str
    sku: str
    sale: str
    armed: int
    left: int
    claimed: int
    ordered: int
    returned: int
    # Units in the lines of the orders themselves: what `ordered`, a counter, should say.
    in_orders: int

    @property
    def difference(self) -> int:
        return self.armed - self.left - self.claimed - self.ordered - self.returned

    @property
    def is_balanced(self) -> bool:
        return self.difference == 0 and self.ordered == self.in_orders


def audit(product: str | None = None) -> list[Row]:
    """One row for each SKU of each generation of a sale; of one product, if its slug is given."""
    looked: list[dict[str, Any]] = []
    pending: list[Mapping[str, Any]] = []
    for sale in _on(product):
        count = _count(sale)
        looked.append(_present(sale, count))
        pending.extend(_claims(count))
    fields = {"looked": json.dumps(looked), "pending": json.dumps(pending), "product": product}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, fields)
        return [Row(*row) for row in cursor.fetchall()]


def is_balanced(rows: Iterable[Row]) -> bool:
    return all(row.is_balanced for row in rows)


def _on(product: str | None) -> Iterable[Sale]:
    sales = Sale.objects.filter(state__in=Sale.ON).select_related("product")
    return sales.filter(product__slug=product) if product else sales


def _count(sale: Sale) -> Count:
    ledger, slug = connect(), sale.product.slug
    loaded = ledger.get_sale(slug)
    if loaded and loaded.generation == sale.generation:
        return ledger.count(slug, sale.generation)
    if sale.state != Sale.State.ARMED:
        return Count(left={}, versions={}, last_number=0, pending=())
    # Armed, and not loaded yet: nobody can have taken any.
    rows = sale.allotments.filter(generation=sale.generation).values_list("sku__code", "armed")
    return Count(left=dict(rows), versions={}, last_number=0, pending=())


def _present(sale: Sale, count: Count) -> dict[str, Any]:
    return {
        "sale_id": sale.pk,
        "generation": sale.generation,
        "last_number": count.last_number,
        "last_given_back": count.last_given_back,
        "given_back": sorted(count.given_back),
        "left": dict(count.left),
    }


def _claims(count: Count) -> Iterator[Mapping[str, Any]]:
    for claim in count.pending:
        yield {
            "order_id": claim.order_id,
            "sale_id": claim.sale_id,
            "generation": claim.generation,
            "sku": claim.sku,
            "quantity": claim.quantity,
        }
