"""Who is told of orders and stock outside of the shop: buyers by mail, other programs by webhook.

Both are receivers of the outbox (see shop/outbox.py), and both only write down what is
to be sent: that is done exactly once, and never has to wait for a mail server or for
somebody's endpoint. Sending it is orders/post.py's.
"""
