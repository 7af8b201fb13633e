"""What every written part is made of, and the conditions of `when`: tests of a field, tied together."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role: TypeAlias = Annotated[str, Field(pattern=r"^role:[a-z][a-z0-9_]*$")]
Version: TypeAlias = Annotated[int, Field(ge=1, le=2_147_483_647)]
"""As much as a database counts."""
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    """Every part of a template or agreement is immutable and knows all of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Condition(Part):
    """When something holds: one test of a field, or several tied together."""

    field: str | None = None
    equals: Any = None
    in_: tuple[Any, ...] | None = Field(None, alias="in")
    exists: bool | None = None
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_form(self) -> Condition:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        tests = given & {"equals", "in_", "exists"}
        ties = given & {"all", "any", "not_"}
        if len(ties) + ("field" in given) != 1 or len(tests) != int("field" in given):
            raise ValueError("write `field` with one of `equals`, `in`, `exists`; or one of `all`, `any`, `not`")
        return self

    def holds(self, inputs: dict[str, Any]) -> bool:
        """Whether it is true for these inputs."""
        if self.all is not None:
            return all(condition.holds(inputs) for condition in self.all)
        if self.any is not None:
            return any(condition.holds(inputs) for condition in self.any)
        if self.not_ is not None:
            return not self.not_.holds(inputs)
        value = inputs.get(str(self.field).removeprefix("inputs."))
        if self.exists is not None:
            return (value is not None) == self.exists
        return value in self.in_ if self.in_ is not None else bool(value == self.equals)

    def fields(self) -> list[str]:
        """Every field it looks at."""
        return ([self.field] if self.field else []) + [name for part in self._parts for name in part.fields()]

    def compared(self) -> list[tuple[str, Any]]:
        """Every field with each value that it is compared with."""
        values = self.in_ or (() if self.equals is None else (self.equals,))
        own = [(str(self.field), value) for value in values]
        return own + [pair for part in self._parts for pair in part.compared()]

    def is_empty(self) -> bool:
        """Whether there is nothing to choose from somewhere in it."""
        return () in (self.in_, self.all, self.any) or any(part.is_empty() for part in self._parts)

    @property
    def _parts(self) -> tuple[Condition, ...]:
        return (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))
