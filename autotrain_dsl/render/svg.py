"""What Graphviz draws, made fit for a page: tool tips that every browser shows, no links, only shapes and text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

BACKSLASH = "\N{REVERSE SOLIDUS OPERATOR}"  # for the backslash, of which Graphviz makes escapes
_NAMESPACE = "http://www.w3.org/2000/svg"
_TIP = "{http://www.w3.org/1999/xlink}title"
_SHAPES = {f"{{{_NAMESPACE}}}{name}" for name in ("svg", "g", "path", "polygon", "polyline", "ellipse", "text")}
_ANCHOR, _GROUP, _TITLE = (f"{{{_NAMESPACE}}}{name}" for name in ("a", "g", "title"))


def tidy(drawn: bytes) -> bytes:
    """The picture with ``title`` elements for tool tips, in place of Graphviz' links and of the names of its nodes.

    Raises ValueError where there is anything in it that is neither shape, group nor text.
    """
    root = ET.fromstring(drawn)  # noqa: S314 - Graphviz wrote it, and expat reads no other files
    caption = ""
    for element in list(root.iter()):
        for name in [child for child in element if child.tag == _TITLE]:
            element.remove(name)
        if element.tag == _ANCHOR:
            # Graphviz makes every second space in a row a no-break space; `clean` has left no other.
            tip = _plain(element.attrib.get(_TIP, "")).replace("\N{NO-BREAK SPACE}", " ")
            element.tag, element.attrib = _GROUP, {}
            if not caption:  # the first is that of the whole
                caption = tip
            else:
                _describe(element, tip)
        elif element.tag not in _SHAPES | {_TITLE}:
            raise ValueError(f"Graphviz has drawn an unknown element: {element.tag}")
        element.text = element.text and _plain(element.text)
    _describe(root, caption)
    ET.register_namespace("", _NAMESPACE)
    drawing: bytes = ET.tostring(root, encoding="utf-8")
    return drawing + b"\n"


def _describe(element: ET.Element, tip: str) -> None:
    title = ET.Element(_TITLE)
    title.text = tip
    element.insert(0, title)


def _plain(text: str) -> str:
    return text.replace(BACKSLASH, "\\")
