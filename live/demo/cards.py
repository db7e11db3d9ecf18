"""The still layers of the film, as HTML for a browser to photograph: one card a scene, the water, the float.

The drawings are the shop's own, and so are the prices: film again when those change.
"""

import math

from live.demo.storyboard import Scene
from shop.demo.catalogue import DemoProduct, palette_of
from shop.drawings import pictures, svg

WIDTH, HEIGHT = 1280, 720
# Where the drawing of the product stands in a card, and how large.
STAGE = {"left": 70, "top": 128, "size": 480}
# The water repeats after one wave, so that it can be moved for ever.
WAVE, WATER_HEIGHT = 256, 110

_STYLE = f"""
* {{ margin: 0; box-sizing: border-box }}
body {{ width: {WIDTH}px; height: {HEIGHT}px; overflow: hidden; color: #f8f5ee;
  background: radial-gradient(circle at 22% 45%, #1d6562, #0d3436 70%);
  font: 400 30px/1.4 system-ui, "DejaVu Sans", sans-serif }}
.brand {{ position: absolute; left: 40px; top: 32px; display: flex; gap: 14px; align-items: center;
  font: 700 26px/1 "Palatino Linotype", P052, "Liberation Serif", serif }}
.brand svg {{ width: 44px; height: 44px; border-radius: 10px }}
.brand i {{ font: 700 15px/1 "DejaVu Sans", sans-serif; letter-spacing: .22em; color: #8fd0c4 }}
.stage {{ position: absolute; left: {STAGE["left"]}px; top: {STAGE["top"]}px; width: {STAGE["size"]}px;
  height: {STAGE["size"]}px; border-radius: 50%; box-shadow: 0 30px 60px rgb(0 0 0 / 35%) }}
.words {{ position: absolute; left: 610px; right: 56px; top: 168px; display: grid; gap: 22px }}
h1 {{ font: 700 62px/1.08 "Palatino Linotype", P052, "Liberation Serif", serif; letter-spacing: -.01em }}
.price {{ justify-self: start; padding: 10px 26px; border-radius: 99px; background: #b63b09;
  font: 700 40px/1.1 "Liberation Serif", serif }}
.words.alone {{ left: 120px; top: 210px }}
p {{ color: #dcebe7; max-width: 560px }}
"""


def card(scene: Scene, product: DemoProduct | None, mark: str) -> str:
    if product is None:
        return _page(mark, f'<div class="words alone"><h1>Thank you</h1><p>{scene.words}</p></div>')
    cheapest = min(sku.price for sku in product.skus)
    words = f'<h1>{product.name}</h1><span class="price">${cheapest}</span><p>{scene.words}</p>'
    stage = f'<div class="stage" style="background:{product.ground}"></div>'
    return _page(mark, f'{stage}<div class="words">{words}</div>')


def drawing(product: DemoProduct) -> str:
    """The product alone, on nothing: it moves above its card."""
    kind, palette = palette_of(product.picture)
    pen = svg.Pen()
    drawn = svg.group(pictures.KINDS[kind](pen, palette), at=(400, 400))
    # A little smaller than its stage: a rod that leaves its picture ends at a circle that sways with it.
    return svg.document(
        pen, 800, 800, svg.group(drawn, clip_path=pen.clip(svg.circle(400, 400, 380, "#000")))
    )


def water(colour: str, opacity: float) -> str:
    """A strip of waves, one wave wider than the picture."""
    wide = WIDTH + WAVE
    crest = " ".join(f"{x},{22 + 9 * math.sin(math.tau * x / WAVE):.1f}" for x in range(0, wide + 1, 8))
    shape = svg.element(
        "polygon", points=f"0,{WATER_HEIGHT} {crest} {wide},{WATER_HEIGHT}", fill=colour, opacity=opacity
    )
    return svg.document(svg.Pen(), wide, WATER_HEIGHT, shape)


def bobber() -> str:
    pen = svg.Pen()
    return svg.document(
        pen,
        60,
        90,
        svg.rect(27, 0, 6, 26, "#f8f5ee", 3),
        svg.path("M6 52a24 24 0 0 1 48 0z", "#f8f5ee"),
        svg.path("M6 52a24 24 0 0 0 48 0z", "#e2571c"),
        svg.rect(4, 49, 52, 6, "#0d3436"),
    )


def _page(mark: str, body: str) -> str:
    brand = f'<div class="brand">{mark}<span>Spillway Tackle</span><i>SHOW</i></div>'
    return f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>{brand}{body}"
