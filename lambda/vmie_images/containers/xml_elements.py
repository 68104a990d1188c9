"""A small XML document as elements by their local names: no DTD, no entities, no expanded namespaces.

Namespaces are not resolved: expat would copy a namespace's name, which may be as long as the document, into
every tag and attribute of it (CVE-2025-59375), and tools that write descriptors disagree about namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax import ContentHandler, SAXException

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError, UnreadableLayoutError

MAX_ELEMENTS = 20_000
MAX_DEPTH = 256
MAX_TEXT = 1024
"""Characters of an element's text that are kept, or few more."""
_PIECE = 16 * 1024


@dataclass
class Element:
    """An element: name, attributes (both without their prefixes), text before its first child, children."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find_all(self, *names: str) -> Iterator[Element]:
        """This element and all below it that have one of these names, in the document's order."""
        pending = [self]
        while pending:
            element = pending.pop()
            if element.name in names:
                yield element
            pending += reversed(element.children)


def parse_xml(data: bytes) -> Element:
    """Read a document.

    Returns:
        Its root.

    Raises:
        CorruptImageError: It is not XML, or has a DTD.
        UnreadableLayoutError: It has more elements, or deeper ones, than any that is read here needs.
    """
    handler = _Tree()
    parser = create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    try:
        for at in range(0, len(data), _PIECE):
            work(over=_PIECE)
            parser.feed(data[at : at + _PIECE])
        parser.close()
    except (SAXException, DefusedXmlException, ValueError, LookupError) as error:
        raise CorruptImageError(f"not usable XML ({_said(error)})") from None
    if handler.root is None:
        raise CorruptImageError("XML without an element")
    return handler.root


def _said(error: Exception) -> str:
    return error.getMessage() if isinstance(error, SAXException) else str(error)


class _Tree(ContentHandler):
    """Builds the elements."""

    def __init__(self) -> None:
        super().__init__()
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def startElement(self, name: str, attrs: Any) -> None:
        work()
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise UnreadableLayoutError(
                f"XML of more than {MAX_ELEMENTS} elements, or nested deeper than {MAX_DEPTH}"
            )
        own = [(key, value) for key, value in attrs.items() if not key.startswith("xmlns")]
        element = Element(_local(name), {_local(key): value for key, value in reversed(own)})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def endElement(self, name: str) -> None:  # noqa: ARG002
        self._open.pop()

    def characters(self, content: str) -> None:
        work()
        element = self._open[-1]
        # What comes behind a child is no text that anything here asks for.
        if not element.children and len(element.text) < MAX_TEXT:
            element.text += content[:MAX_TEXT]


def _local(name: str) -> str:
    return name.rpartition(":")[2]
