"""Repaint a scene in a painter's manner: palette, contrast, strokes, outlines, the fall of light.

Each painter is a `Hand`: the same five steps with other figures. They are caricatures, far enough apart that a
small model can learn them and people can tell them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from painter import noise
from painter.colour import RGB

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Hand:
    """How a painter paints. Lengths are shares of the picture's side."""

    ramp: tuple[RGB, ...]
    "the palette from dark to light"
    pull: float
    "how far every colour is drawn to the palette's colour of the same lightness, 0 to 1"
    contrast: float = 1.0
    saturation: float = 1.0
    blur: float = 0.0
    strokes: int = 0
    length: float = 0.0
    width: float = 0.0
    curl: float = 0.0
    "0: strokes follow the forms; 1: they swirl"
    play: float = 0.0
    "how much the colours of neighbouring strokes differ"
    flat: int = 0
    "number of flat tones; 0: smooth"
    outline: float = 0.0
    "darkness of drawn edges, 0 to 1"
    spotlight: float = 0.0
    "how much darker the corners are than the middle, 0 to 1"
    side_light: float = 0.0
    "how much lighter the left is than the right, 0 to 1"
    bloom: float = 0.0
    "light that spills over its edges, 0 to 1"


HANDS: dict[str, Hand] = {
    "Rembrandt": Hand(
        ramp=((0.03, 0.02, 0.02), (0.20, 0.11, 0.05), (0.50, 0.32, 0.14), (0.84, 0.66, 0.36), (0.99, 0.92, 0.72)),
        pull=0.68,
        contrast=1.25,
        strokes=900,
        length=0.045,
        width=0.014,
        play=0.03,
        spotlight=0.6,
    ),
    "Monet": Hand(
        ramp=((0.17, 0.17, 0.42), (0.36, 0.42, 0.66), (0.58, 0.66, 0.72), (0.88, 0.76, 0.80), (1.0, 0.95, 0.88)),
        pull=0.42,
        contrast=0.85,
        saturation=1.3,
        strokes=2600,
        length=0.024,
        width=0.015,
        curl=0.2,
        play=0.075,
    ),
    "Turner": Hand(
        ramp=((0.32, 0.22, 0.20), (0.62, 0.42, 0.22), (0.90, 0.70, 0.34), (0.98, 0.88, 0.58), (1.0, 0.98, 0.88)),
        pull=0.62,
        contrast=0.85,
        blur=0.006,
        strokes=500,
        length=0.09,
        width=0.014,
        curl=0.35,
        play=0.02,
        bloom=0.25,
    ),
    "Hokusai": Hand(
        ramp=((0.05, 0.11, 0.29), (0.13, 0.31, 0.56), (0.47, 0.64, 0.72), (0.88, 0.84, 0.68), (0.97, 0.94, 0.83)),
        pull=0.66,
        contrast=1.1,
        blur=0.004,
        flat=5,
        outline=0.9,
    ),
    "van Gogh": Hand(
        ramp=((0.03, 0.07, 0.32), (0.08, 0.28, 0.68), (0.22, 0.56, 0.60), (0.96, 0.76, 0.16), (1.0, 0.96, 0.62)),
        pull=0.52,
        contrast=1.1,
        saturation=1.5,
        strokes=2200,
        length=0.07,
        width=0.014,
        curl=0.45,
        play=0.07,
    ),
    "Vermeer": Hand(
        ramp=((0.07, 0.08, 0.13), (0.17, 0.26, 0.50), (0.47, 0.54, 0.58), (0.84, 0.80, 0.60), (0.98, 0.97, 0.90)),
        pull=0.30,
        contrast=1.08,
        blur=0.003,
        side_light=0.55,
    ),
}

_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def repaint(pixels: Pixels, hand: Hand, rng: np.random.Generator) -> Pixels:
    """(size, size, 3), 0 to 1 in and out."""
    edges = _edges(pixels)
    graded = _grade(pixels, hand)
    if hand.blur:
        graded = _blurred(graded, hand.blur)
    if hand.bloom:
        graded = 1 - (1 - graded) * (1 - hand.bloom * _blurred(graded, 0.06) ** 2)
    if hand.strokes:
        graded = _stroked(graded, edges, hand, rng)
    if hand.outline:
        graded = graded * (1 - hand.outline * edges[..., None])
    return _lit(graded, hand)


def _grade(pixels: Pixels, hand: Hand) -> Pixels:
    """Contrast, flat tones, the palette, saturation."""
    lightness = np.clip(0.5 + (pixels @ _LUMA - 0.5) * hand.contrast, 0, 1)
    if hand.flat:
        lightness = (np.floor(lightness * hand.flat * 0.999) + 0.5) / hand.flat
    steps = np.linspace(0, 1, len(hand.ramp))
    palette = np.stack([np.interp(lightness, steps, [c[i] for c in hand.ramp]) for i in range(3)], axis=-1)
    own = pixels + (lightness - pixels @ _LUMA)[..., None]
    mixed = own + (palette.astype(np.float32) - own) * np.float32(hand.pull)
    grey = (mixed @ _LUMA)[..., None]
    return np.clip(grey + (mixed - grey) * np.float32(hand.saturation), 0, 1)


def _edges(pixels: Pixels) -> Pixels:
    """(size, size), 0 to 1: where lightness or colour changes fast."""
    rows, columns = np.gradient(_blurred(pixels, 0.003), axis=(0, 1))
    steepness = np.sqrt((rows**2 + columns**2).sum(axis=-1))
    edges: Pixels = np.clip(steepness * 9 - 0.35, 0, 1)
    return edges


def _stroked(pixels: Pixels, edges: Pixels, hand: Hand, rng: np.random.Generator) -> Pixels:
    """Lay bent strokes over the picture, each in the colour that was under its middle, a little changed.

    They are shorter where there is something to draw: at ``edges``, (size, size), 0 to 1.
    """
    size_px = pixels.shape[0]
    angle = _flow(pixels, hand, rng)
    rows, columns = rng.integers(0, size_px, (2, hand.strokes))
    turn = angle[rows, columns]
    bend = rng.normal(0, 0.15 + 0.3 * hand.curl, hand.strokes)
    detail = _blurred(edges, 0.006)[rows, columns]
    reach = hand.length * size_px / 2 * rng.uniform(0.6, 1.3, hand.strokes) * np.clip(1 - 2.5 * detail, 0.12, 1)
    tint = 1 + hand.play * (rng.normal(size=(hand.strokes, 1)) + 0.6 * rng.normal(size=(hand.strokes, 3)))
    colours = (np.clip(pixels[rows, columns] * tint, 0, 1) * 255).astype(int).tolist()
    ends = [
        np.stack(
            [columns + side * reach * np.cos(turn + side * bend), rows + side * reach * np.sin(turn + side * bend)]
        )
        for side in (-1, 1)
    ]
    paths = np.stack([ends[0], np.stack([columns, rows]).astype(float), ends[1]]).transpose(2, 0, 1)
    image = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    width = max(1, round(hand.width * size_px))
    for path, colour in zip(paths.reshape(hand.strokes, 6).tolist(), colours, strict=True):
        draw.line(path, fill=tuple(colour), width=width)
    return np.asarray(image, np.float32) / np.float32(255)


def _flow(pixels: Pixels, hand: Hand, rng: np.random.Generator) -> Pixels:
    """(size, size), radians: along the forms, turned toward a swirl by `curl`."""
    rows, columns = np.gradient(_blurred(pixels, 0.02) @ _LUMA)
    along = np.arctan2(columns, -rows)
    along = np.where(np.hypot(rows, columns) > 5e-4, along, 0.0)
    swirl = (noise.field(rng, pixels.shape[0], (3, 3)) - 0.5) * np.float32(4 * np.pi * hand.curl)
    flow: Pixels = along + swirl
    return flow


def _lit(pixels: Pixels, hand: Hand) -> Pixels:
    """The painter's own light over the picture."""
    if not hand.spotlight and not hand.side_light:
        return pixels
    axis = np.linspace(-1, 1, pixels.shape[0], dtype=np.float32)
    away = np.hypot(axis[:, None], axis[None, :]) / np.float32(1.15)
    fall = 1 - hand.spotlight * np.clip(away - 0.25, 0, 1) ** 1.3
    fall = fall * (1 + hand.side_light * 0.5 * -axis[None, :])
    return np.clip(pixels * fall[..., None], 0, 1).astype(np.float32)


def _blurred(pixels: Pixels, radius: float) -> Pixels:
    """Gaussian, its standard deviation as a share of the side."""
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    soft = image.filter(ImageFilter.GaussianBlur(radius * pixels.shape[0]))
    return np.asarray(soft, np.float32) / np.float32(255)
