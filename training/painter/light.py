"""How each weather lights a scene."""

from __future__ import annotations

from dataclasses import dataclass

from painter.colour import RGB, dim, mix


@dataclass(frozen=True)
class Light:
    """What a weather does to everything in it."""

    zenith: RGB
    "the sky overhead"
    horizon: RGB
    "the sky at the horizon, and what distance fades to"
    tint: RGB
    "what every own colour is multiplied by"
    cloud: RGB
    cloudiness: float
    "share of the sky under clouds, 0 to 1"
    disc: RGB | None
    "sun or moon; None where it is hidden"
    disc_height: float
    "y of the disc between the picture's top (0) and the horizon (1)"
    glow: float
    "light around the disc, 0 to 1"
    haze: float
    "how much of a thing at the horizon fades, 0 to 1"
    wind: float
    "0 to 1: waves, bent trees, a heeling ship"
    cover: float = 0.0
    "share of the ground under snow"

    def on(self, colour: RGB, *, lit: float = 1.0, far: float = 0.0) -> RGB:
        """A thing's own colour as seen: ``lit`` from shade (0) to full light (1), ``far`` from near (0) to horizon."""
        seen = tuple(c * t for c, t in zip(dim(colour, 0.45 + 0.55 * lit), self.tint, strict=True))
        return mix(seen, self.horizon, self.haze * (0.3 + 0.7 * far))  # type: ignore[arg-type]


LIGHTS: dict[str, Light] = {
    "storm": Light(
        zenith=(0.13, 0.15, 0.19),
        horizon=(0.47, 0.50, 0.49),
        tint=(0.62, 0.64, 0.66),
        cloud=(0.22, 0.24, 0.28),
        cloudiness=0.9,
        disc=None,
        disc_height=0.0,
        glow=0.0,
        haze=0.25,
        wind=1.0,
    ),
    "calm": Light(
        zenith=(0.30, 0.55, 0.88),
        horizon=(0.80, 0.91, 0.97),
        tint=(1.0, 0.99, 0.95),
        cloud=(0.98, 0.98, 0.98),
        cloudiness=0.3,
        disc=None,
        disc_height=0.0,
        glow=0.0,
        haze=0.2,
        wind=0.08,
    ),
    "sunset": Light(
        zenith=(0.32, 0.24, 0.48),
        horizon=(1.0, 0.55, 0.20),
        tint=(0.80, 0.52, 0.42),
        cloud=(0.86, 0.38, 0.34),
        cloudiness=0.45,
        disc=(1.0, 0.90, 0.55),
        disc_height=0.86,
        glow=0.9,
        haze=0.2,
        wind=0.15,
    ),
    "snow": Light(
        zenith=(0.66, 0.70, 0.77),
        horizon=(0.86, 0.88, 0.91),
        tint=(0.84, 0.87, 0.93),
        cloud=(0.76, 0.79, 0.84),
        cloudiness=0.6,
        disc=None,
        disc_height=0.0,
        glow=0.0,
        haze=0.3,
        wind=0.15,
        cover=0.92,
    ),
    "night": Light(
        zenith=(0.02, 0.03, 0.11),
        horizon=(0.10, 0.15, 0.31),
        tint=(0.31, 0.36, 0.52),
        cloud=(0.09, 0.11, 0.22),
        cloudiness=0.15,
        disc=(0.97, 0.96, 0.84),
        disc_height=0.28,
        glow=0.35,
        haze=0.15,
        wind=0.12,
    ),
    "fog": Light(
        zenith=(0.70, 0.72, 0.72),
        horizon=(0.80, 0.81, 0.80),
        tint=(0.72, 0.74, 0.75),
        cloud=(0.76, 0.77, 0.77),
        cloudiness=0.3,
        disc=None,
        disc_height=0.0,
        glow=0.0,
        haze=0.66,
        wind=0.05,
    ),
}
