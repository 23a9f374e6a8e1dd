"""``${NAME}`` in a text: what it refers to, and what must not be printed for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

SHORTEST = 4  # a shorter value would be "found" in half of all words

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)\}|\$\{")
_QUERY = re.compile(r"\?[^#]*")


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${...}`` of a text: its characters, and the name of a variable, or None where it is malformed."""

    start: int
    end: int
    name: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The values behind the ``${NAME}`` of a configuration. They appear in no representation of this object."""

    values: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self.values))})"

    def expand(self, text: str) -> str:
        """The text with values in place of references, and with ``${`` in place of ``$${``.

        Before the @ of a URL and in its query (but not in s3://, which has neither) values are percent-encoded.
        Raises KeyError for a name that the configuration does not have.
        """
        encoded = _encoded(text)

        def value(match: re.Match[str]) -> str:
            if match["name"] is None:
                return match.group().removeprefix("$")
            found = self.values[match["name"]]
            return quote(found, safe="") if any(match.start() in part for part in encoded) else found

        return _REFERENCE.sub(value, text)

    def redact(self, text: str) -> str:
        """The text with ``${NAME}`` wherever the value of NAME, or its percent-encoded form, occurs.

        Values of fewer than four characters are left, and so are names of references that look like a value.
        """
        names: dict[str, str] = {}
        for name, value in sorted(self.values.items()):
            if len(value) >= SHORTEST:
                for form in (value, quote(value, safe=""), quote_plus(value)):
                    names.setdefault(form, name)
        forms = [re.escape(form) for form in sorted(names, key=lambda form: (-len(form), form))]
        if not forms:
            return text
        own = [re.escape(f"${{{name}}}") for name in sorted(self.values)]
        return re.sub("|".join([*own, *forms]), lambda m: f"${{{names[m[0]]}}}" if m[0] in names else m[0], text)

    def length(self, text: str) -> int:
        """At most how long the expanded text is, found without making it."""
        return len(text) + sum(3 * len(self.values.get(each.name or "", "")) for each in references(text))


def references(text: str) -> Iterator[Reference]:
    """The references of a text from left to right; ``$${`` is none."""
    for match in _REFERENCE.finditer(text):
        if not match.group().startswith("$$"):
            yield Reference(match.start(), match.end(), match["name"])


def is_name(text: str) -> bool:
    """Whether a text can be the name of an environment variable."""
    return _NAME.fullmatch(text) is not None


def _encoded(text: str) -> list[range]:
    """Where in a URL the characters ``:/@?#&%`` of a value would be taken for the URL's own."""
    start = text.find("://") + len("://")
    if start < len("://") or text.startswith("s3://"):
        return []
    authority = re.split(r"[/?#]", text[start:], maxsplit=1)[0]
    user = range(start, start + authority.rfind("@") + 1)
    query = _QUERY.search(text, start)
    return [user, *([range(query.start(), query.end())] if query else [])]
