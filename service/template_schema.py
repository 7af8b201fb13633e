"""The JSON Schema of the files in the templates' folder, so that editors complete and flag while somebody writes.

Made from the models themselves (draft 2020-12). It cannot know everything: whether a name exists, `tminus templates
check` tells.
"""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from service.commitment_files import CAMPAIGN, KINDS
from service.core.clock_rule import CLOCK_UNITS, Amount
from service.core.offsets import UNITS, Offset, Promise, Span
from service.core.recurrence import Recurrence
from service.core.template import Dependency, Template

_UNIT = rf"({'|'.join(unit.removesuffix('s') for unit in UNITS)})s?"
_REST = rf"\s+{_UNIT}\s+(before|after)\s+\S+\s*$"
_ONE_OF_UNITS = {"enum": [name for unit in UNITS for name in (unit, unit.removesuffix("s"))]}
_WHOLE = {"type": "integer", "minimum": 0}


def _mapping(**members: JsonSchemaValue) -> JsonSchemaValue:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _text(pattern: str, *examples: str) -> JsonSchemaValue:
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


def _counted(offset: JsonSchemaValue) -> JsonSchemaValue:
    return _mapping(offset=offset, unit=_ONE_OF_UNITS, direction={"enum": ["before", "after"]}, ref={"type": "string"})


SHORT_FORMS: dict[type, list[JsonSchemaValue]] = {
    Span: [_text(rf"^\s*\d+\s+{_UNIT}\s*$", "3 business_days", "1 week"), _mapping(value=_WHOLE, unit=_ONE_OF_UNITS)],
    Offset: [
        _text(rf"^\s*\d+{_REST}", "3 weeks before inputs.launch", "1 business_day after webinar"),
        _counted(_WHOLE),
    ],
    Promise: [
        _text(rf"^\s*\d+(\s*(-|to)\s*\d+)?{_REST}", "7 business_days after request.complete"),
        _counted({"anyOf": [_WHOLE, {"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2}]}),
    ],
    Amount: [
        _text(rf"^\s*\d+\s+({'|'.join(unit.removesuffix('s') for unit in CLOCK_UNITS)})s?\s*$", "4 business_hours")
    ],
    Recurrence: [_text("^FREQ=", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=10;BYMINUTE=0")],
}
"""How people write what the models keep in parts of their own."""


class _Writing(GenerateJsonSchema):
    """The models as they are written: short forms, and each field with its own words."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return {"anyOf": SHORT_FORMS[schema["cls"]]}

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        found = super().function_before_schema(schema)
        # Where something is made of what is written before a list is read, one word will do.
        return {"anyOf": [{"type": "string"}, found]} if schema["schema"]["type"] == "tuple" else found

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        for name, text in field_docs(schema["cls"]).items():
            if name in found.get("properties", {}):
                found["properties"][name]["description"] = text
        return {"anyOf": [{"type": "string"}, found]} if schema["cls"] is Dependency else found

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        # Nobody writes null: who has nothing to say leaves the field out.
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        found.pop("default", None)
        return found

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the name stands there already
        return False


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The sentence below each field of a model in its source, by the name under which the field is written."""
    docs: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            docs |= _docs_in(cls)
    return {(info.alias or name): docs[name] for name, info in model.model_fields.items() if name in docs}


def _docs_in(cls: type[BaseModel]) -> dict[str, str]:
    (written,) = ast.parse(dedent(inspect.getsource(cls))).body
    assert isinstance(written, ast.ClassDef)  # noqa: S101 - it is the source of a class
    docs = {}
    for field, below in zip(written.body, written.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = inspect.cleandoc(text)
    return docs


def schema() -> dict[str, Any]:
    """One schema for every file of the folder but the calendars; `kind` says which part of it holds."""
    models: dict[str, type[BaseModel]] = {CAMPAIGN: Template, **KINDS}
    refs, found = models_json_schema(
        [(model, "validation") for model in models.values()], schema_generator=_Writing, ref_template="#/$defs/{model}"
    )
    parts = found["$defs"]
    beside = [_when({"kind": {"const": kind}}, refs[KINDS[kind], "validation"]) for kind in KINDS]
    parts |= _in_part(parts, refs[Template, "validation"]["$ref"].rpartition("/")[2])
    whole = {
        "if": {"required": ["extends"]},
        "then": {"$ref": f"#/$defs/{_IN_PART}Template", "required": ["id", "version"]},
        "else": refs[Template, "validation"],
    }
    campaign = {"if": {"properties": {"kind": {"const": CAMPAIGN}}}, "then": whole}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Tminus template",
        "type": "object",
        "properties": {"kind": {"enum": list(models)}},
        "allOf": [campaign, *beside],
        "$defs": parts,
    }


_IN_PART = "Extending"


def _when(properties: JsonSchemaValue, then: JsonSchemaValue) -> JsonSchemaValue:
    return {"if": {"properties": properties, "required": list(properties)}, "then": then}


def _in_part(parts: dict[str, Any], root: str) -> dict[str, Any]:
    """The same parts for a file that extends another: nothing is required, and null takes something out."""
    found: dict[str, Any] = {}

    def reach(name: str) -> None:
        if name not in found:
            found[name] = None
            found[name] = looser(parts[name])

    def looser(value: Any) -> Any:
        if isinstance(value, list):
            return [looser(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if ref := value.get("$ref"):
            reach(ref.rpartition("/")[2])
            return {**value, "$ref": ref.replace("#/$defs/", f"#/$defs/{_IN_PART}")}
        kept = {key: looser(entry) for key, entry in value.items() if not _demands(key, entry)}
        for keys in ("properties", "patternProperties"):
            if keys in kept:
                kept[keys] = {key: {"anyOf": [entry, {"type": "null"}]} for key, entry in kept[keys].items()}
        return kept

    reach(root)
    return {f"{_IN_PART}{name}": part for name, part in found.items()}


def _demands(key: str, entry: Any) -> bool:
    """Whether it asks for something to be there; `required` is also the name of a field of ours."""
    return key == "minProperties" or (key == "required" and isinstance(entry, list))
