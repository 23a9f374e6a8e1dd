"""Templates to pages, and the files that they load. Everything that is not a template's own is escaped."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from autotrain_dsl import __version__
from autotrain_dsl.pages.portable import embedded

_HERE = Path(__file__).parent
PLOTLY = "plotly.min.js"
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def asset(name: str) -> bytes:
    """A file that pages load: a script or the stylesheet."""
    if name == PLOTLY:
        return _plotly()
    return (_HERE / "assets" / name).read_bytes()


def assets(names: Sequence[str]) -> dict[str, bytes]:
    """Files that pages load, by their place among the pages."""
    return {f"assets/{name}": asset(name) for name in ("style.css", *names)}


def page(template: str, scripts: Sequence[str], root: str, context: Mapping[str, Any]) -> bytes:
    """A page of several, which loads ``scripts`` (of the assets, or with a folder); ``root`` is the way up to them."""
    scripts = [script if "/" in script else f"assets/{script}" for script in scripts]
    # Plotly sets styles of its own; nothing that a table or curriculum says gets near one.
    policy = _POLICY.format(scripts="'self'", styles="'self' 'unsafe-inline'")
    return _rendered(template, policy=policy, scripts=scripts, root=root, inline=False, **context)


def whole(template: str, scripts: Sequence[str], context: Mapping[str, Any]) -> bytes:
    """A page that is complete in itself: no script runs in it but these."""
    texts = [asset(name).decode().replace("</script", "<\\/script") for name in scripts]
    policy = _POLICY.format(scripts=" ".join(_hash(text) for text in texts), styles="'unsafe-inline'")
    style = asset("style.css").decode()
    return _rendered(template, policy=policy, inlined=texts, style=style, root="", inline=True, **context)


def _rendered(template: str, **context: Any) -> bytes:
    return _environment().get_template(template).render(program=__version__, **context).encode()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data"] = lambda value: Markup(embedded(value))  # noqa: S704 - no markup is left in it
    return environment


@cache
def _plotly() -> bytes:
    # The package brings the library as its authors publish it; nothing else of the package is needed, or loaded.
    found = importlib.util.find_spec("plotly")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'plotly'", name="plotly")
    return Path(found.submodule_search_locations[0], "package_data", PLOTLY).read_bytes()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
