"""Basket, checkout, orders, payment, the drain and the dead letters: how somebody comes to own units."""
