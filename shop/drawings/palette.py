"""The colours of one product, and the materials that all products share."""

from dataclasses import dataclass

STEEL = ("#f4f6f5", "#aeb8b8", "#6f7b7d")
CORK = ("#e3bd8f", "#c8996a", "#a3744a")
RUBBER = ("#4a5152", "#2a3031", "#171c1d")
WIRE = "#8b9798"
HOOK = "#39464a"


@dataclass(frozen=True, slots=True)
class Palette:
    main: str
    accent: str = "#d9531e"
    detail: str = "#f3ead7"
    pattern: str = "plain"
