"""Accent colours that can be seen: WCAG 2.2 contrast against the surfaces of both themes.

Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio; 3:1 is success criterion 1.4.11 for parts of the interface.
No colour reaches 4.5:1 against white and near black at once, so text in the accent is darkened or lightened by the web.
"""

import re
from dataclasses import dataclass

SURFACES = {"light": ("#ffffff", "#f7f8fa", "#f0f2f5"), "dark": ("#0e1116", "#151a21", "#1c222b")}
"""What the accent lies on: `--surface`, `--bg` and `--surface-2` of web/src/app/index.css."""

LEAST_CONTRAST = 3.0
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The lowest ratio against the surfaces of each theme."""

    light: float
    dark: float

    @property
    def is_enough(self) -> bool:
        """Whether the colour can be seen in both themes."""
        return self.light >= LEAST_CONTRAST and self.dark >= LEAST_CONTRAST


def relative_luminance(colour: str) -> float:
    """0 (black) to 1 (white) of a `#rrggbb` colour."""
    if not _COLOUR.fullmatch(colour):
        raise ValueError("a colour is # and six hexadecimal digits, lower case")
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast_ratio(one: str, other: str) -> float:
    """1 (the same) to 21 (black on white)."""
    low, high = sorted((relative_luminance(one), relative_luminance(other)))
    return (high + 0.05) / (low + 0.05)


def contrast_of(accent: str) -> Contrast:
    """The accent's worst contrast in each theme."""
    worst = {theme: min(contrast_ratio(accent, surface) for surface in found) for theme, found in SURFACES.items()}
    return Contrast(light=worst["light"], dark=worst["dark"])


def text_on(accent: str) -> str:
    """Black or white, whichever reads better on the accent; the better of both is never below 4.5:1."""
    return max(("#ffffff", "#000000"), key=lambda colour: contrast_ratio(accent, colour))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
