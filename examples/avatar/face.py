"""A face, drawn with numpy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from livekit import rtc

Colour = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]

BACKGROUND: Colour = (32, 42, 68)
SKIN: Colour = (246, 200, 160)
BLUSH: Colour = (240, 160, 140)
DARK: Colour = (48, 36, 40)
LIPS: Colour = (188, 72, 84)
INSIDE: Colour = (92, 20, 36)
WHITE: Colour = (252, 252, 252)

# The part of the picture that a mouth can cover, as shares of its side: all that changes from frame to frame.
_MOUTH_TOP, _MOUTH_BOTTOM, _MOUTH_LEFT, _MOUTH_RIGHT = 0.58, 0.84, 0.32, 0.68


class Ellipse(NamedTuple):
    """Its centre and radii, as shares of the picture's side."""

    x: float
    y: float
    width: float
    height: float


class Face:
    """A face whose mouth opens.

    Args:
        size: Of the square picture, in pixels.
    """

    def __init__(self, size: int = 320) -> None:
        self.size = size
        rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
        self._x, self._y = (columns + 0.5) / size, (rows + 0.5) / size
        self._mouth_box = (
            slice(round(size * _MOUTH_TOP), round(size * _MOUTH_BOTTOM)),
            slice(round(size * _MOUTH_LEFT), round(size * _MOUTH_RIGHT)),
        )
        self._still = self._draw_still()

    def frame(self, openness: float) -> rtc.VideoFrame:
        """A picture, with the mouth from closed (0) to wide open (1)."""
        pixels = self._still.copy()
        mouth = pixels[self._mouth_box]
        width, height = 0.13 - 0.03 * openness, 0.085 * openness
        self._paint(mouth, Ellipse(0.5, 0.7, width, height + 0.012), LIPS, self._mouth_box)
        if height * self.size >= 1:
            self._paint(mouth, Ellipse(0.5, 0.7, width - 0.015, height), INSIDE, self._mouth_box)
        return rtc.VideoFrame(self.size, self.size, rtc.VideoBufferType.RGBA, pixels.tobytes())

    def _draw_still(self) -> Pixels:
        pixels = np.empty((self.size, self.size, 4), np.uint8)
        pixels[:] = (*BACKGROUND, 255)
        self._paint(pixels, Ellipse(0.5, 0.52, 0.36, 0.42), SKIN)
        for eye in (0.36, 0.64):
            self._paint(pixels, Ellipse(eye, 0.31, 0.07, 0.012), DARK)
            self._paint(pixels, Ellipse(eye, 0.42, 0.06, 0.045), WHITE)
            self._paint(pixels, Ellipse(eye, 0.42, 0.026, 0.03), DARK)
        for cheek in (0.28, 0.72):
            self._paint(pixels, Ellipse(cheek, 0.57, 0.055, 0.035), BLUSH)
        self._paint(pixels, Ellipse(0.5, 0.54, 0.022, 0.03), BLUSH)
        return pixels

    def _paint(self, pixels: Pixels, shape: Ellipse, colour: Colour, box: Any = ...) -> None:
        """Fill an ellipse, with smooth edges; `box` is where in the picture these pixels are."""
        radius = np.hypot((self._x[box] - shape.x) / shape.width, (self._y[box] - shape.y) / shape.height)
        edge_pixels = (1 - radius) * min(shape.width, shape.height) * self.size
        covered = np.clip(edge_pixels + 0.5, 0, 1)[..., None]
        pixels[..., :3] = np.rint(pixels[..., :3] * (1 - covered) + np.array(colour) * covered)
