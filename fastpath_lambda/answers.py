"""What a request that got its units is answered: the same shape from both paths, 201 or 202."""

from fastpath_lambda.claims import Claim

CONTENT_TYPE = "application/json"
ACCEPTED = "accepted"
PLACED = "placed"  # by the shop itself


def status_url(category: str, product: str, order_id: str, token: str) -> str:
    """Without a token where it is empty: it is given back only to those who have it."""
    path = f"/shop/{category}/{product}/order/{order_id}"
    return f"{path}?token={token}" if token else path


def answer(
    *,
    order_id: str,
    status: str,
    status_url: str,
    sku: str,
    quantity: int,
    unit_price: str,
    currency: str,
) -> dict[str, object]:
    """An order as its buyer may see it. Prices are decimal text; nothing in it is personal."""
    return {
        "order_id": order_id,
        "status": status,
        "status_url": status_url,
        "sku": sku,
        "quantity": quantity,
        "unit_price": unit_price,
        "currency": currency,
    }


def accepted(claim: Claim, *, category: str, status: str, token: str) -> dict[str, object]:
    return answer(
        order_id=claim.order_id,
        status=status,
        status_url=status_url(category, claim.product, claim.order_id, token),
        sku=claim.sku,
        quantity=claim.quantity,
        unit_price=claim.unit_price,
        currency=claim.currency,
    )
