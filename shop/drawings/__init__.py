"""Product pictures, drawn for this shop: a kind of thing and a palette give an SVG.

`pictures.py` is the door. The other modules draw one kind of tackle each, around the
origin, some 600 units wide, with `svg.py`'s pen; nothing here knows of the database.
"""
