"""The routing table and its routers, the sale lifecycle, the mini-site, and what ops works with."""
