"""The built-in edge router: laptops, tests, and small shops. Correct before fast; imports no Django.

`python -m edge.router` reads the routing table from a file and does what it says:
relays requests and WebSockets to their origins, and serves the mini-site, static files
and media itself. It decides nothing about sales.
"""
