"""What a picture shows: subject, weather and painter, and where things stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SUBJECTS = ("sailing ship", "lighthouse", "windmill", "castle", "mountains", "stone bridge", "hot air balloon", "tree")
WEATHERS = ("storm", "calm", "sunset", "snow", "night", "fog")
PAINTERS = ("Rembrandt", "Monet", "Turner", "Hokusai", "van Gogh", "Vermeer")

AT_SEA = ("sailing ship", "lighthouse")
"""Subjects that stand in the sea; the others stand on land."""


@dataclass(frozen=True)
class Scene:
    """One picture before it is painted. Places are shares of the picture: x to the right, y down, 0 to 1."""

    subject: str
    weather: str
    painter: str
    seed: int
    "of everything that is drawn at random while painting"
    horizon: float
    "y of the horizon"
    place: float
    "x of the subject's middle"
    size: float
    "of the subject, about 1"
    facing: int
    "1 or -1: the subject as drawn, or mirrored"
    sun: float
    "x of sun or moon"

    @property
    def caption(self) -> str:
        return f"{self.subject} in {self.weather} by {self.painter}"

    @classmethod
    def draw(cls, seed: int, *, subject: str = "", weather: str = "", painter: str = "") -> Scene:
        """Draw a scene from its seed; what is named is kept."""
        rng = np.random.default_rng([seed, 1])
        chosen = [str(rng.choice(names)) for names in (SUBJECTS, WEATHERS, PAINTERS)]
        return cls(
            subject=subject or chosen[0],
            weather=weather or chosen[1],
            painter=painter or chosen[2],
            seed=seed,
            horizon=float(rng.uniform(0.56, 0.70)),
            place=float(rng.uniform(0.36, 0.64)),
            size=float(rng.uniform(0.85, 1.2)),
            facing=int(rng.choice([-1, 1])),
            sun=float(rng.choice([rng.uniform(0.1, 0.3), rng.uniform(0.7, 0.9)])),
        )
