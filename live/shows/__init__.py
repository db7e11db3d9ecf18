"""Shows: what hosts do before and during a broadcast, a module for each act, and the pages for it.

Each act is one transaction: the show's row first, so that what happens to one show happens
in turn; then what changed, and the event that tells its viewers.
"""
