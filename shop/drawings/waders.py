"""Waders and what is worn with them."""

from shop.drawings.palette import RUBBER, STEEL, Palette
from shop.drawings.svg import Pen, circle, dark, ellipse, group, light, path, rect, stroke


def chest_waders(pen: Pen, palette: Palette) -> str:
    cloth = pen.shade(light(palette.main, 0.25), palette.main, dark(palette.main, 0.3), across=True)
    legs = (
        "M-126,-40 C-136,80 -136,170 -128,262 L-34,262 C-28,170 -16,90 0,30 "
        "C16,90 28,170 34,262 L128,262 C136,170 136,80 126,-40 Z"
    )
    bib = "M-126,-36 C-132,-110 -120,-160 -104,-196 H104 C120,-160 132,-110 126,-36 Z"
    return group(
        stroke(
            "M-84,-190 C-92,-260 -60,-300 -30,-306 M84,-190 C92,-260 60,-300 30,-306",
            dark(palette.main, 0.5),
            19,
        ),
        stroke("M-30,-306 C-10,-312 10,-312 30,-306", dark(palette.main, 0.6), 19),
        *_boots(pen, palette),
        path(legs, cloth),
        path(bib, cloth),
        path(
            "M-132,60 C-130,130 -128,200 -124,250 L-40,250 C-36,190 -32,130 -22,84 Z M132,60 "
            "C130,130 128,200 124,250 L40,250 C36,190 32,130 22,84 Z",
            dark(palette.main, 0.25),
            opacity=0.6,
        ),
        *[rect(x, -212, 28, 40, pen.shade(*STEEL), r=7) for x in (-98, 70)],
        rect(-72, -150, 144, 92, dark(palette.main, 0.14), r=14),
        stroke("M-60,-128 H60", palette.accent, 7),
        rect(-22, -104, 44, 30, palette.accent, r=7),
        rect(-138, -44, 276, 32, pen.shade(*RUBBER), r=8),
        rect(-28, -50, 56, 44, pen.shade(*STEEL), r=9),
        stroke("M-104,-170 C-116,-60 -122,100 -114,240", "#ffffff", 8, stroke_opacity=0.22),
        at=(0, -6),
        scale=1.04,
    )


def hip_waders(pen: Pen, palette: Palette) -> str:
    return group(hip_boot(pen, palette), at=(-112, -6)) + group(hip_boot(pen, palette), at=(120, 18))


def hip_boot(pen: Pen, palette: Palette) -> str:
    cloth = pen.shade(light(palette.main, 0.3), palette.main, dark(palette.main, 0.35), across=True)
    sole = path("M-74,264 H130 Q138,292 118,292 H-66 Q-80,292 -74,264 Z", dark(palette.main, 0.75))
    return group(
        stroke("M-30,-252 C-34,-300 20,-310 26,-262", dark(palette.main, 0.5), 13),
        path(
            "M-92,-220 C-60,-262 60,-262 92,-212 C84,-60 70,60 66,190 C92,206 "
            "128,214 130,266 H-74 C-76,100 -92,-60 -92,-220 Z",
            cloth,
        ),
        path(
            "M-72,90 C10,106 40,104 68,90 C66,130 66,160 66,190 C92,206 "
            "128,214 130,266 H-74 C-74,200 -76,150 -72,90 Z",
            dark(palette.main, 0.35),
        ),
        ellipse(0, -226, 92, 24, dark(palette.main, 0.55)),
        rect(-34, -190, 68, 22, palette.accent, r=8),
        stroke("M-66,-180 C-60,-40 -56,60 -52,230", "#ffffff", 10, stroke_opacity=0.25),
        sole,
    )


def _boots(pen: Pen, palette: Palette) -> list[str]:
    rubber = pen.shade(*RUBBER)
    return [
        path(
            "M-130,236 H-32 C-30,262 -32,292 -40,300 H-160 C-176,300 "
            "-176,276 -158,268 C-140,260 -130,252 -130,236 Z",
            rubber,
        ),
        path(
            "M130,236 H32 C30,262 32,292 40,300 H160 C176,300 176,276 158,268 C140,260 130,252 130,236 Z",
            rubber,
        ),
        stroke("M-168,296 H-38 M168,296 H38", palette.accent, 6),
    ]


def wading_boots(pen: Pen, palette: Palette) -> str:
    return group(_boot(pen, palette), at=(44, -92), scale=0.94) + group(_boot(pen, palette), at=(-28, 74))


def _boot(pen: Pen, palette: Palette) -> str:
    leather = pen.shade(light(palette.main, 0.22), palette.main, dark(palette.main, 0.35))
    laces = [stroke(f"M{-36 + 22 * at},{-112 + 34 * at} l62,-16", palette.accent, 8) for at in range(5)]
    eyes = [circle(-38 + 22 * at, -110 + 34 * at, 6, pen.glow(*STEEL)) for at in range(5)]
    lugs = [rect(x, 128, 34, 20, "#14191a", r=5) for x in range(-206, 220, 50)]
    return group(
        path(
            "M-190,-150 C-150,-176 -60,-176 -30,-148 L70,20 C150,34 232,50 "
            "240,108 H-206 C-224,40 -204,-60 -190,-150 Z",
            leather,
        ),
        path("M-30,-148 L70,20 L120,32 C100,-20 40,-120 16,-156 Z", dark(palette.main, 0.35)),
        path("M-214,60 C-160,40 -120,70 -100,110 H-208 Z", dark(palette.main, 0.4)),
        path("M130,44 C190,46 236,66 240,110 H120 C112,84 116,60 130,44 Z", dark(palette.main, 0.45)),
        *laces,
        *eyes,
        path("M-214,104 H244 Q252,138 232,138 H-206 Q-220,136 -214,104 Z", pen.shade(*RUBBER)),
        *lugs,
        stroke("M-210,112 H240", palette.accent, 5),
        stroke("M-176,-136 C-196,-50 -204,10 -202,64", "#ffffff", 9, stroke_opacity=0.25),
        at=(0, 0),
    )


def jacket(pen: Pen, palette: Palette) -> str:
    cloth = pen.shade(light(palette.main, 0.22), palette.main, dark(palette.main, 0.22), across=True)
    sleeve = "M-120,-190 C-200,-176 -236,-80 -262,96 L-190,122 C-170,40 -150,-20 -128,-60 Z"
    return group(
        group(
            path(sleeve, dark(palette.main, 0.12)),
            rect(-268, 86, 84, 36, palette.accent, r=10, transform="rotate(18 -226 104)"),
        ),
        group(
            path(sleeve, dark(palette.main, 0.2)),
            rect(-268, 86, 84, 36, palette.accent, r=10, transform="rotate(18 -226 104)"),
            transform="scale(-1 1)",
        ),
        path("M-84,-214 C-96,-300 96,-300 84,-214 C40,-180 -40,-180 -84,-214 Z", dark(palette.main, 0.35)),
        ellipse(0, -214, 52, 30, dark(palette.main, 0.65)),
        path(
            "M-124,-196 C-70,-206 -50,-176 0,-172 C50,-176 70,-206 124,-196 C150,-60 150,80 "
            "146,196 Q0,226 -146,196 C-150,80 -150,-60 -124,-196 Z",
            cloth,
        ),
        stroke("M0,-172 V210", dark(palette.main, 0.5), 9),
        stroke("M0,-172 V210", palette.accent, 3),
        *[
            rect(x, -120, 84, 104, dark(palette.main, 0.14), r=14)
            + stroke(f"M{x + 8},-94 h68", palette.accent, 5)
            for x in (-112, 28)
        ],
        *[
            rect(x, 50, 98, 100, dark(palette.main, 0.14), r=14)
            + stroke(f"M{x + 10},70 h78", dark(palette.main, 0.5), 5)
            for x in (-126, 28)
        ],
        rect(-146, 170, 292, 26, dark(palette.main, 0.3), r=8),
        stroke("M-112,-180 C-134,-60 -134,60 -130,160", "#ffffff", 8, stroke_opacity=0.22),
        at=(0, 34),
        scale=1.08,
    )
