"""A package, so that what its tests share ends with it: the shop, and the browser."""
