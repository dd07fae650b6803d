"""A stand-in for pydantic: classes of fields that are made from JSON, with defaults, nested classes and validators.

It is as lenient as it can be: a value that fits nothing is kept as it is; a mistake is only a field that is needed and not given, or
one of a few words that is another.
"""

import copy
import json
import sys
import typing
from typing import Any, Dict, List

_NOTHING = object()


class ValidationError(ValueError):
    """A field that is needed is not given."""

    def errors(self, **_):
        """What is wrong, as pydantic lists it."""
        return [{"loc": (), "msg": str(self), "type": "missing"}]


class FieldInfo:
    """What `Field(…)` says of a field."""

    def __init__(self, default=_NOTHING, default_factory=None, alias=None):
        self.default = _NOTHING if default is ... else default
        self.default_factory = default_factory
        self.alias = alias


def Field(default=_NOTHING, *, default_factory=None, alias=None, validation_alias=None, **_):
    """A field with a default, or one that is made."""
    name = alias or (validation_alias if isinstance(validation_alias, str) else None)
    return FieldInfo(default, default_factory, name)


def PrivateAttr(default=None, *, default_factory=None, **_):
    """A value that is no field."""
    return default_factory() if default_factory else default


def ConfigDict(**given):
    """The configuration of a class, which is not looked at."""
    return given


def _marked(**mark):
    def mark_function(function):
        inner = getattr(function, "__func__", function)
        inner._claw_marks = [*getattr(inner, "_claw_marks", ()), mark]
        return function

    return mark_function


def field_validator(*names, mode="after", **_):
    """Marks a method that sees values of fields."""
    return _marked(names=names, mode=mode)


def validator(*names, pre=False, **_):
    """As `field_validator`, of older versions."""
    return _marked(names=names, mode="before" if pre else "after")


def model_validator(*, mode="after", **_):
    """Marks a method that sees all values."""
    return _marked(names=None, mode=mode)


def root_validator(*args, pre=False, **_):
    """As `model_validator`, of older versions."""
    return _marked(names=None, mode="before")(args[0]) if args else _marked(names=None, mode="before")


def field_serializer(*_, **__):
    """Leaves a method as it is."""
    return lambda function: function


def model_serializer(*_, **__):
    """Leaves a method as it is."""
    return lambda function: function


def computed_field(*args, **_):
    """Leaves a property as it is."""
    return args[0] if args else lambda function: function


def __getattr__(name):
    """Whatever else pydantic has: a class that says nothing, enough for an annotation."""
    if name.startswith("__"):
        raise AttributeError(name)
    return type(
        name, (), {"__init__": lambda self, *_, **__: None, "__class_getitem__": classmethod(lambda cls, _: cls)}
    )


class BaseModel:
    """A class whose annotations are its fields."""

    model_config: Dict[str, Any] = {}

    def __init__(self, **given):
        self._claw_fill(given)

    @classmethod
    def model_validate(cls, given, **_):
        """An object from a dictionary, or the object itself."""
        if isinstance(given, cls):
            return given
        made = cls.__new__(cls)
        made._claw_fill(dict(given) if isinstance(given, dict) else dict(vars(given)))
        return made

    parse_obj = model_validate

    @classmethod
    def model_validate_json(cls, text, **_):
        """An object from JSON."""
        return cls.model_validate(json.loads(text))

    @classmethod
    def model_construct(cls, **given):
        """An object from values."""
        return cls(**given)

    def _claw_fill(self, given):
        kind = type(self)
        checks = _checks(kind)
        for name, mark in checks:
            if mark["names"] is None and mark["mode"] == "before":
                given = getattr(kind, name)(given)
        fields = _fields(kind)
        for name, (hint, info) in fields.items():
            key = info.alias if info.alias in given else name
            if key in given:
                value = _told(kind, checks, name, given[key], "before")
                if typing.get_origin(hint) is typing.Literal and value not in typing.get_args(hint):
                    raise ValidationError("%s: `%s` is none of %s" % (kind.__name__, name, typing.get_args(hint)))
                value = _told(kind, checks, name, _fitted(hint, value), "after")
            elif info.default_factory is not None:
                value = info.default_factory()
            elif info.default is not _NOTHING:
                value = copy.deepcopy(info.default)
            else:
                raise ValidationError("%s has no `%s`" % (kind.__name__, name))
            object.__setattr__(self, name, value)
        if isinstance(kind.model_config, dict) and kind.model_config.get("extra") == "allow":
            for name, value in given.items():
                if name not in fields:
                    object.__setattr__(self, name, value)
        for name, mark in checks:
            if mark["names"] is None and mark["mode"] == "after":
                getattr(self, name)()
        self.model_post_init(None)

    def model_post_init(self, _):
        """Called when all fields are there."""

    def model_dump(self, *, exclude=None, include=None, exclude_none=False, **_):
        """The fields as a dictionary."""
        found = {}
        for name in _fields(type(self)):
            value = getattr(self, name, None)
            if (
                name in (exclude or ())
                or (include is not None and name not in include)
                or (exclude_none and value is None)
            ):
                continue
            found[name] = _plain(value)
        return found

    dict = model_dump

    def model_dump_json(self, *, indent=None, **more):
        """The fields as JSON."""
        return json.dumps(self.model_dump(**more), indent=indent, ensure_ascii=False, default=str)

    json = model_dump_json

    def model_copy(self, *, update=None, deep=False):
        """The object again, with other values."""
        again = copy.deepcopy(self) if deep else copy.copy(self)
        for name, value in (update or {}).items():
            object.__setattr__(again, name, value)
        return again

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % pair for pair in vars(self).items()))


class RootModel(BaseModel):
    """Enough to be a base."""


def _plain(value):
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _checks(kind):
    """The methods that are marked: name and mark."""
    found = []
    for one in reversed(kind.__mro__):
        for name, thing in vars(one).items():
            for mark in getattr(getattr(thing, "__func__", thing), "_claw_marks", ()):
                found.append((name, mark))
    return found


def _told(kind, checks, name, value, mode):
    for method, mark in checks:
        if mark["names"] is not None and mark["mode"] == mode and (name in mark["names"] or "*" in mark["names"]):
            value = getattr(kind, method)(value)
    return value


def _fields(kind):
    """The fields by name: type and default."""
    if "_claw_fields" in vars(kind):
        return vars(kind)["_claw_fields"]
    found = {}
    for base in reversed(kind.__bases__):
        if isinstance(base, type) and issubclass(base, BaseModel) and base not in (BaseModel, RootModel):
            found.update(_fields(base))
    hints = vars(kind).get("__annotations__")
    if hints is None and "__annotate_func__" in vars(kind):  # since 3.14 they are made when they are asked for
        hints = kind.__annotations__
    for name, hint in dict(hints or {}).items():
        if name.startswith("_") or name == "model_config" or "ClassVar" in str(hint):
            continue
        default = vars(kind).get(name, _NOTHING)
        info = default if isinstance(default, FieldInfo) else FieldInfo(default)
        found[name] = (_resolved(hint, kind), info)
    kind._claw_fields = found
    for name in found:
        if isinstance(vars(kind).get(name), FieldInfo):
            delattr(kind, name)
    return found


def _resolved(hint, kind):
    """A type that may be written as text; any where it cannot be read."""
    if not isinstance(hint, str):
        return hint
    names = dict(vars(typing))
    names.update(vars(sys.modules.get(kind.__module__, typing)))
    try:
        return eval(hint, names)
    except (NameError, TypeError, SyntaxError, AttributeError):
        return Any


def _fitted(hint, value):
    """The value as the type wants it, where that is clear."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hasattr(hint, "__metadata__"):
        return _fitted(hint.__origin__, value)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint.model_validate(value) if isinstance(value, (dict, hint)) else value
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return _chosen(typing.get_args(hint), value)
    if origin in (list, List, tuple, set, frozenset) and isinstance(value, (list, tuple)):
        made = [_fitted(inside[0], one) if inside else one for one in value]
        return made if origin in (list, List) else origin(made)
    if origin in (dict, Dict) and isinstance(value, dict) and len(inside) == 2:
        return {key: _fitted(inside[1], one) for key, one in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if hint in (int, float) and isinstance(value, str):
        try:
            return hint(value)
        except ValueError:
            return value
    return value


def _chosen(kinds, value):
    """The value as one of several types: of classes that whose `type` it has, else the first that it fits."""
    if value is None:
        return None
    models = [one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)]
    if isinstance(value, dict) and models:
        for one in models:
            default = _fields(one).get("type", (None, FieldInfo()))[1].default
            if "type" in value and default == value["type"]:
                return one.model_validate(value)
        for one in models:
            try:
                return one.model_validate(value)
            except ValidationError:
                continue
        return value
    if any(isinstance(one, type) and type(value) is one for one in kinds):
        return value
    rest = [one for one in kinds if one is not type(None) and one not in models]
    return _fitted(rest[0], value) if rest else value
