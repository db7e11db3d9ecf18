"""A buyer changes their mind: any order can be cancelled until it is shipped.

Units and money go back by themselves (workflow.py), whatever had become of the payment.
"""

from uuid import UUID

from orders import workflow
from orders.models import Order

Status = Order.Status
# In the order they are passed through: an order that moves on meanwhile is met at the next.
CANCELLABLE = (Status.PLACED, Status.PAID, Status.CONFIRMED)


def cancel(order_id: UUID) -> bool:
    """Whether it is cancelled now; by whom and when does not matter."""
    if any(workflow.cancel([order_id], allowed_from=status) for status in CANCELLABLE):
        return True
    return Order.objects.filter(id=order_id, status=Status.CANCELLED).exists()
