"""Structure of a document: what JSON Schema has to say about it, as findings with places."""

from __future__ import annotations

import re
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
    "minLength": "at least {} character{}",
    "maxLength": "at most {} character{}",
    "minItems": "at least {} entr{}",
    "maxItems": "at most {} entr{}",
    "minProperties": "at least {} entr{}",
    "maxProperties": "at most {} entr{}",
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

    @property
    def missing(self) -> str:
        """The key that is required and not there."""
        # jsonschema yields one error a missing key; its text starts with the key's repr.
        return str(next(key for key in self.expected if self.message.startswith(repr(key))))


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
    for error in _telling(list(islice(_broken(_validator(name), document.data), MAX_FINDINGS + 1)), nulls):
        found.extend(_findings(error, document))
        refused.update(_refused(error))
    if len(found) > MAX_FINDINGS:
        return replace(document, data={}), found  # what else is wrong in it was not looked for
    data: dict[str, Value] = _without(document.data, refused, (), document)
    return replace(document, data=data) if refused else document, found


def _telling(errors: list[_Broken], nulls: tuple[type, ...]) -> Iterator[_Broken]:
    """The errors without those that only follow from others."""
    extra = {error.place: _extra(error) for error in errors if error.keyword == "additionalProperties"}
    mistyped = {error.place for error in errors if error.keyword == "type"}
    empty = {error.place for error in errors if error.keyword == "minLength"}
    for error in errors:
        if error.value is None and error.place and isinstance(error.place[-1], nulls):
            continue
        if error.keyword != "type" and error.place in mistyped:
            continue
        if error.keyword == "pattern" and not error.of_a_name and error.place in empty:
            continue
        wanted = [error.missing] if error.keyword == "required" else []
        wanted += [branch["required"][0] for branch in error.expected] if error.keyword in ("oneOf", "anyOf") else []
        unknown = extra.get(error.place, [])
        if any(nearest(key, unknown) or key in {_SYNONYMS.get(each.lower()) for each in unknown} for key in wanted):
            continue  # the misspelt key is reported, and what it is meant to be
        if error.keyword in ("oneOf", "anyOf") and unknown and len(unknown) == len(error.value):
            continue  # nothing in it is known
        yield error


def _extra(error: _Broken) -> list[str]:
    return [key for key in error.value if key not in error.rule.get("properties", {})]


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
        yield from ((*error.place, key) for key in _extra(error))
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


def parameter_faults(
    schema: Mapping[str, Any], values: Mapping[str, Value], written: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """What a task's JSON Schema of parameters finds wrong with single values: parameter, message, hint.

    ``written`` is what stands in the file for a value.
    """
    errors = list(_broken(Draft7Validator({"properties": schema["properties"]}), dict(values)))
    for error in _telling(errors, ()):
        parameter = str(error.place[0])
        _, message, hint = _fault(error, (written or {}).get(parameter) or _yaml(error.value))
        yield parameter, f"`{parameter}` {message}", hint


@cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator(json_schema(name))


def _findings(error: _Broken, document: Document) -> Iterator[Diagnostic]:
    place = error.place
    if error.keyword == "additionalProperties":
        yield from _unknown_keys(error, document, place)
    elif error.keyword == "required":
        yield _missing_key(document, place, error.missing)
    elif error.of_a_name:
        _, message, hint = _fault(error, str(error.value))
        yield Diagnostic(codes.BAD_FORM, document.key((*place, error.value)), f"`{error.value}` {message}", hint)
    else:
        span = document.key(place) if error.keyword == "not" else document.span(place)
        code, message, hint = _fault(error, span.text)
        yield Diagnostic(code, span, f"{_named(place)}{message}", hint)


def _unknown_keys(error: _Broken, document: Document, place: Place) -> Iterator[Diagnostic]:
    properties = error.rule.get("properties", {})
    known = {key for key, rule in properties.items() if "not" not in rule}
    where = f" in {_path(place)}" if place else ""
    for key in islice(_extra(error), MAX_FINDINGS + 1):
        span, free = document.key((*place, key)), known - set(error.value)
        yield Diagnostic(codes.UNKNOWN_KEY, span, f"unknown key `{key}`{where}", _key_hint(key, free or known))


# What people write for a key or a type, where the nearest word would be another one.
_SYNONYMS = {
    "and": "all", "or": "any", "else": "otherwise", "default": "otherwise", "if": "when", "condition": "when",
    "advance": "progress", "promote": "progress", "regress": "rollback", "demote": "rollback", "back": "rollback",
    "reason": "because", "params": "parameters", "rules": "transitions", "float": "number", "int": "integer",
    "str": "string", "text": "string", "bool": "boolean",
}  # fmt: skip


def _key_hint(key: str, known: set[str]) -> str:
    meant = _SYNONYMS.get(key.lower())
    if meant in known:
        return f"write `{meant}`"
    return suggest(key, known, "key") if nearest(key, known) else f"possible here: {listed(sorted(known))}"


def _missing_key(document: Document, place: Place, missing: str) -> Diagnostic:
    where = _path(place) if place else "the file"
    return Diagnostic(codes.MISSING_KEY, document.key(place), f"{where} has no `{missing}`", f"add `{missing}:`")


def _fault(error: _Broken, raw: str) -> Fault:
    keyword = str(error.keyword)
    if keyword in _BOUNDS:
        return codes.OUT_OF_BOUNDS, _out_of_bounds(error, keyword, raw), ""
    handler: Callable[[_Broken, str], Fault] = _HANDLERS.get(keyword, _other)
    return handler(error, raw)


def _out_of_bounds(error: _Broken, keyword: str, raw: str) -> str:
    one = error.expected == 1
    ending = ("y" if one else "ies") if "entr" in _BOUNDS[keyword] else "" if one else "s"
    bound = _BOUNDS[keyword].format(error.expected, ending)
    if keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return f"must be {bound}, but is {raw}"
    return f"must have {bound}, but has {len(error.value) or 'none'}"


def _wrong_type(error: _Broken, raw: str) -> Fault:
    wanted = error.expected if isinstance(error.expected, list) else [error.expected]
    names = [_KINDS[kind] for kind in wanted if kind != "null"]
    listing = ", ".join(names[:-1]) + " or " + names[-1] if len(names) > 1 else names[0]
    return codes.WRONG_TYPE, f"must be {listing}, but is {_shown(error.value, raw)}", _type_hint(error, wanted, raw)


def _type_hint(error: _Broken, wanted: list[str], raw: str) -> str:
    value, rule = error.value, error.rule
    quoted = raw[:1] in ("'", '"')
    if "string" in wanted and "properties" in rule and isinstance(value, list):  # a condition
        return "put `all:` or `any:` before the list"
    if "string" in wanted and "properties" in rule:
        return "write `otherwise: true` for a rule that always fires, or a condition such as `x[-1] >= 200`"
    if "string" in wanted and isinstance(value, bool | int | float):
        return f'put quotes around it: "{raw}"'
    if {"number", "integer"} & set(wanted):
        if re.fullmatch(r"[0-9]+,[0-9]+", raw):
            return f"write a decimal point: {raw.replace(',', '.')}"
        plain = "a whole number, such as 5" if "number" not in wanted else "a plain number, such as 5 or 0.5"
        return "write the number without quotes" if quoted else f"write {plain}"
    if "boolean" in wanted:
        return "write true or false, without quotes" if quoted else "write true or false"
    if "array" in wanted and isinstance(value, str) and rule.get("items", {}).get("type") == "string":
        return f"a list is written [{raw}]"
    if "array" in wanted:
        return "every entry of a list starts with `- `"
    return "indent `key: value` lines below it" if "object" in wanted else ""


def _shown(value: Value, raw: str) -> str:
    scalar = isinstance(value, str | int | float | bool) and "\n" not in raw
    return f"{kind_of(value)}: {raw[:60]}" if scalar else kind_of(value)


def _not_listed(error: _Broken, raw: str) -> Fault:
    allowed = [_yaml(value) for value in error.expected]
    words = [str(value) for value in error.expected]
    meant = _SYNONYMS.get(str(error.value).lower())
    near = meant if meant in words else nearest(str(error.value), words)
    hint = f"did you mean `{near}`?" if near else ""
    return codes.NOT_ALLOWED, f"must be one of {', '.join(allowed[:12])}, but is {raw[:60]}", hint


def _not_constant(error: _Broken, raw: str) -> Fault:
    wanted = _yaml(error.expected)
    return codes.NOT_ALLOWED, f"must be {wanted}, but is {raw[:60]}", f"write {wanted}"


def _bad_form(error: _Broken, _raw: str) -> Fault:
    hint = error.rule.get("patternErrorMessage", "")
    if set("\u2018\u2019\u201c\u201d") & set(str(error.value)):
        hint = "write straight quotation marks"
    elif (
        error.of_a_name
        and str(error.value).isascii()
        and (plain := re.sub(r"[^A-Za-z0-9]+", "_", str(error.value)).strip("_"))
    ):
        hint = f"write `{plain}`: {hint}" if plain[:1].isalpha() else hint
    return codes.BAD_FORM, "does not have the form required here", hint


def _not_one_of(error: _Broken, _raw: str) -> Fault:
    keys = [branch["required"][0] for branch in error.expected]
    present = [key for key in keys if key in error.value]
    has = f"has {' and '.join(f'`{key}`' for key in present)}" if present else "has none of them"
    wanted = ", ".join(f"`{key}`" for key in keys)
    what = "tests" if "expect" in keys else "properties" if "never" in keys else "rules"
    hint = f"make two {what} of it" if present else "add one of them"
    return codes.NOT_EXACTLY_ONE, f"needs exactly one of {wanted}, but {has}", hint


def _none_of(error: _Broken, _raw: str) -> Fault:
    wanted = " or ".join(f"`{branch['required'][0]}`" for branch in error.expected)
    return codes.MISSING_KEY, f"needs {wanted}", "add one of them"


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
    "anyOf": _none_of,
    "not": _reserved,
}


def _named(place: Place) -> str:
    if not place:
        return ""
    if isinstance(place[-1], int):
        return f"{_path(place)} "
    return f"`{place[-1]}` "


def _path(place: Place) -> str:
    """A place as a person says it: ``stages.STAGE_1``, ``rule 2 of stages.STAGE_1``, ``all of rule 2 of ...``."""
    last = max((at for at, step in enumerate(place) if isinstance(step, int)), default=None)
    if last is None:
        return f"`{'.'.join(str(step) for step in place)}`" if place else "the file"
    rest = place[last + 1 :]
    rule = last > 0 and place[last - 1] == "transitions"
    entry = f"{'rule' if rule else 'entry'} {int(place[last]) + 1} of {_path(place[: last - rule])}"
    return f"{_path(rest)} of {entry}" if rest else entry


def _yaml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
