"""What the demo's film shows, and when: plain values, read from storyboard.json, no database.

Who draws the film, who seeds the show and who tests them read the same scenes, so pins and key
moments lie where the picture changes. `began_at` is the film's first EXT-X-PROGRAM-DATE-TIME.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

SOURCE = Path(__file__).with_name("storyboard.json")


@dataclass(frozen=True, slots=True)
class Scene:
    seconds: int
    product: str | None  # its slug; none in the last one, which takes the pin down
    words: str
    moment: str | None


@dataclass(frozen=True, slots=True)
class Storyboard:
    slug: str
    title: str
    host: str
    description: str
    began_at: datetime
    scenes: tuple[Scene, ...]

    @property
    def seconds(self) -> int:
        return sum(scene.seconds for scene in self.scenes)

    @property
    def ended_at(self) -> datetime:
        return self.began_at + timedelta(seconds=self.seconds)

    @property
    def products(self) -> list[str]:
        return [scene.product for scene in self.scenes if scene.product]

    def timed(self) -> Iterator[tuple[datetime, Scene]]:
        """Each scene with the instant, on the film's own clock, at which it begins."""
        at = self.began_at
        for scene in self.scenes:
            yield at, scene
            at += timedelta(seconds=scene.seconds)


def read() -> Storyboard:
    fields = json.loads(SOURCE.read_text())
    scenes = tuple(Scene(**scene) for scene in fields.pop("scenes"))
    return Storyboard(**fields | {"scenes": scenes, "began_at": datetime.fromisoformat(fields["began_at"])})
