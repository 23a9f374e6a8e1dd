"""Structure of a document: what JSON Schema has to say about it, as findings with places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any

from jsonschema import Draft7Validator

from autotrain_dsl.codes import schema as codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Code, Diagnostic
from autotrain_dsl.document import Document, Place, Value, kind_of
from autotrain_dsl.resources import json_schema
from autotrain_dsl.spelling import listed, nearest, suggest

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
}

# What is wrong with one value: its code, the message and a hint.
Fault = tuple[Code, str, str]


@dataclass(frozen=True, slots=True)
class _Broken:
    """What jsonschema reports, with types: the keyword that is not satisfied, where, and the schema around it."""

    keyword: str
    expected: Any
    value: Value
    rule: Mapping[str, Any]
    place: Place
    of_a_name: bool
    message: str


def check(document: Document, name: str) -> list[Diagnostic]:
    """Findings of the JSON Schema ``name`` on a document."""
    return examine(document, name)[1]


def examine(document: Document, name: str, nulls: tuple[type, ...] = ()) -> tuple[Document, list[Diagnostic]]:
    """Findings of the JSON Schema ``name``, and the document without what does not satisfy it.

    So the rest of a file can be checked in the same run. What is taken out of a list leaves ``None`` in its place.
    An empty value is no finding where its key is of a type in ``nulls`` (``str``: in a mapping, ``int``: in a list).
    """
    found: list[Diagnostic] = []
    refused: set[Place] = set()
    for error in _broken(_validator(name), document.data):
        if len(found) > MAX_FINDINGS:
            break
        if error.value is None and error.place and isinstance(error.place[-1], nulls):
            continue
        if error.keyword == "oneOf" and not isinstance(error.value, dict):
            continue  # its type is wrong, and reported
        found.extend(_findings(error, document))
        refused.update(_refused(error))
    data: dict[str, Value] = _without(document.data, refused, (), document)
    return replace(document, data=data) if refused else document, found


def _broken(validator: Draft7Validator, data: Value) -> Iterator[_Broken]:
    for error in validator.iter_errors(data):
        details: Any = error  # its stubs know a value that means "not set", which a reported error never has
        yield _Broken(
            keyword=str(details.validator),
            expected=details.validator_value,
            value=details.instance,
            rule=details.schema,
            place=tuple(details.absolute_path),
            of_a_name="propertyNames" in details.absolute_schema_path,
            message=str(details.message),
        )


def _refused(error: _Broken) -> Iterator[Place]:
    """What has to be left out for the rest to make sense."""
    if error.keyword == "additionalProperties":
        yield from ((*error.place, key) for key in error.value if key not in error.rule.get("properties", {}))
    elif error.place and not error.of_a_name:
        yield error.place


def _without(data: Value, refused: set[Place], place: Place, document: Document) -> Value:
    if place in refused:
        if place in (("name",), ("version",)):
            return document.span(place).text  # names the file in what else is found
        return {} if place[:1] == ("stages",) and len(place) == 2 else None
    if isinstance(data, list):
        return [_without(value, refused, (*place, number), document) for number, value in enumerate(data)]
    if not isinstance(data, dict):
        return data
    kept = {key: (value, _without(value, refused, (*place, key), document)) for key, value in data.items()}
    return {key: new for key, (old, new) in kept.items() if new is not None or old is None}


def parameter_faults(schema: Mapping[str, Any], values: Mapping[str, Value]) -> Iterator[tuple[str, str, str]]:
    """What a task's JSON Schema of parameters finds wrong with single values: parameter, message, hint."""
    for error in _broken(Draft7Validator({"properties": schema["properties"]}), dict(values)):
        parameter = str(error.place[0])
        _, message, hint = _fault(error, str(error.value))
        yield parameter, f"`{parameter}` {message}", hint


@cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator(json_schema(name))


def _findings(error: _Broken, document: Document) -> Iterator[Diagnostic]:
    place = error.place
    if error.keyword == "additionalProperties":
        yield from _unknown_keys(error, document, place)
    elif error.keyword == "required":
        missing = next(key for key in error.expected if key not in error.value)
        # jsonschema yields one error a missing key; its own text starts with the key's repr.
        missing = next((key for key in error.expected if error.message.startswith(repr(key))), missing)
        yield _missing_key(error, document, place, missing)
    elif error.of_a_name:
        _, message, hint = _fault(error, str(error.value))
        yield Diagnostic(codes.BAD_FORM, document.key((*place, error.value)), f"`{error.value}` {message}", hint)
    else:
        span = document.key(place) if error.keyword == "not" else document.span(place)
        code, message, hint = _fault(error, span.text)
        yield Diagnostic(code, span, f"{_named(place)}{message}", hint)


def _unknown_keys(error: _Broken, document: Document, place: Place) -> Iterator[Diagnostic]:
    known = set(error.rule.get("properties", {}))
    for key in islice((key for key in error.value if key not in known), MAX_FINDINGS):
        where = f" in {_path(place)}" if place else ""
        free = known - set(error.value)
        span = document.key((*place, key))
        yield Diagnostic(codes.UNKNOWN_KEY, span, f"unknown key `{key}`{where}", _key_hint(key, free or known))


def _key_hint(key: str, known: set[str]) -> str:
    return suggest(key, known, "key") if nearest(key, known) else f"possible here: {listed(sorted(known))}"


def _missing_key(error: _Broken, document: Document, place: Place, missing: str) -> Diagnostic:
    where = _path(place) if place else "the file"
    hint = f"add `{missing}:`"
    if near := nearest(missing, set(error.value) - set(error.rule.get("properties", {}))):
        hint = f"is `{near}` meant to be `{missing}`?"
    return Diagnostic(codes.MISSING_KEY, document.key(place), f"{where} has no `{missing}`", hint)


def _fault(error: _Broken, raw: str) -> Fault:
    keyword = str(error.keyword)
    if keyword in _BOUNDS:
        return codes.OUT_OF_BOUNDS, _out_of_bounds(error, keyword, raw), ""
    handler: Callable[[_Broken, str], Fault] = _HANDLERS.get(keyword, _other)
    return handler(error, raw)


def _out_of_bounds(error: _Broken, keyword: str, raw: str) -> str:
    bound = _BOUNDS[keyword].format(error.expected)
    if keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return f"must be {bound}, but is {raw}"
    size = len(error.value)
    return f"must have {bound}, but has {size}"


def _wrong_type(error: _Broken, raw: str) -> Fault:
    wanted = error.expected if isinstance(error.expected, list) else [error.expected]
    names = [_KINDS[kind] for kind in wanted if kind != "null"]
    message = f"must be {' or '.join(names)}, but is {_shown(error.value, raw)}"
    hint = ""
    if "string" in wanted and isinstance(error.value, bool) and "properties" in error.rule:
        hint = "for a rule that always fires write `otherwise: true` instead of `when`"
    elif "string" in wanted and isinstance(error.value, bool | int | float):
        hint = f'put quotes around it: "{raw}"'
    elif isinstance(error.value, str) and {"number", "integer"} & set(wanted):
        hint = "write the number without quotes"
    elif isinstance(error.value, str) and "boolean" in wanted:
        hint = "write true or false, without quotes"
    elif "array" in wanted and isinstance(error.value, str):
        hint = f"a list is written [{raw}]"
    return codes.WRONG_TYPE, message, hint


def _shown(value: Value, raw: str) -> str:
    scalar = isinstance(value, str | int | float | bool) and "\n" not in raw
    return f"{kind_of(value)}: {raw[:60]}" if scalar else kind_of(value)


def _not_listed(error: _Broken, raw: str) -> Fault:
    allowed = [_yaml(value) for value in error.expected]
    hint = suggest(str(error.value), [str(v) for v in error.expected], "value")
    return codes.NOT_ALLOWED, f"must be one of {', '.join(allowed[:12])}, but is {raw[:60]}", hint


def _not_constant(error: _Broken, raw: str) -> Fault:
    wanted = _yaml(error.expected)
    return codes.NOT_ALLOWED, f"must be {wanted}, but is {raw[:60]}", f"write {wanted}, or leave the key out"


def _bad_form(error: _Broken, _raw: str) -> Fault:
    hint = error.rule.get("patternErrorMessage", "")
    return codes.BAD_FORM, "does not have the form required here", hint


def _not_one_of(error: _Broken, _raw: str) -> Fault:
    keys = [branch["required"][0] for branch in error.expected]
    present = [key for key in keys if key in error.value]
    has = f"has {' and '.join(f'`{key}`' for key in present)}" if present else "has none of them"
    wanted = ", ".join(f"`{key}`" for key in keys)
    hint = "make two rules of it" if present else "add one of them"
    return codes.NOT_EXACTLY_ONE, f"needs exactly one of {wanted}, but {has}", hint


def _reserved(error: _Broken, _raw: str) -> Fault:
    return codes.RESERVED, str(error.rule.get("description", "must not stand here")), "remove the key"


def _other(error: _Broken, _raw: str) -> Fault:
    return codes.NOT_ALLOWED, f"does not fit: {error.message[:200]}", ""


_HANDLERS: Mapping[str, Callable[[_Broken, str], Fault]] = {
    "type": _wrong_type,
    "enum": _not_listed,
    "const": _not_constant,
    "pattern": _bad_form,
    "oneOf": _not_one_of,
    "not": _reserved,
}


def _named(place: Place) -> str:
    if not place:
        return ""
    if isinstance(place[-1], int):
        return f"{_path(place)} "
    return f"`{place[-1]}` "


def _path(place: Place) -> str:
    """A place as a person says it: ``stages.STAGE_1``, ``rule 2 of stages.STAGE_1``."""
    if not place:
        return "the file"
    if isinstance(place[-1], int):
        what = "rule" if len(place) > 1 and place[-2] == "transitions" else "entry"
        owner = place[:-2] if what == "rule" else place[:-1]
        return f"{what} {place[-1] + 1} of {_path(owner)}"
    return f"`{'.'.join(str(step) for step in place)}`"


def _yaml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
