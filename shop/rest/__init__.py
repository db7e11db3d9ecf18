"""What every REST endpoint has in common, whichever package it is in: who asks, how much, how it is told.

The endpoints themselves are not here: each package has its own, in modules named api.
"""
