"""A QR code, for a telephone that is held to a screen."""

from __future__ import annotations


def qr_svg(url: str) -> str:
    """A link as an SVG element.

    Args:
        url: The link.

    Raises:
        ImportError: The extra "web" is not installed.
    """
    try:
        import segno  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            'a QR code needs the extra "web", which is one package: python -m pip install segno'
        ) from error
    return segno.make(url, micro=False).svg_inline(scale=4, border=4, light="#fff")
