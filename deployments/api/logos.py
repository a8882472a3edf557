"""The picture of a thing that has none of its own: its first letter."""

from django.http import HttpResponse
from django.utils.html import escape

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    '<rect width="64" height="64" rx="8" fill="#1f6feb"/>'
    '<text x="32" y="44" font-family="sans-serif" font-size="34" fill="#fff" '
    'text-anchor="middle">{}</text></svg>'
)


def logo(name: str) -> HttpResponse:
    return HttpResponse(SVG.format(escape(name[:1].upper())), content_type="image/svg+xml")
