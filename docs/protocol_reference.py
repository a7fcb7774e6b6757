"""The reference of the stdio protocol, for docs/protocol.md, and its JSON Schema, both from the messages' models."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Collection, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from acrbridge.jobs import CopyJob
from acrbridge.stdio import answers, messages, results
from acrbridge.stdio.methods import METHODS, Method

ID = {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 200}]}
NOTIFICATIONS: dict[str, type[BaseModel]] = {
    "progress": answers.Progress,
    "warning": answers.Warned,
    "log": answers.Log,
}
CODE = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
NESTED = (
    messages.Client,
    messages.Credential,
    messages.Tokens,
    answers.Engine,
    results.CopiedItem,
    results.ImportedImage,
    results.Subscription,
    answers.FailureData,
)
"""What other objects hold."""


def methods_reference() -> str:
    """The part of docs/protocol.md that tells of methods, notifications and errors."""
    begin = "The first request: who the client is, and which protocol it speaks."
    said: dict[str, type[BaseModel]] = {**NOTIFICATIONS, "cancel": messages.Cancel}
    parts = [
        "## Methods\n",
        _method("initialize", messages.Initialize, answers.Initialized, begin, ["PROTOCOL_MISMATCH"]),
        "### What every other request may carry\n",
        _members(messages.Request),
        *(_of(name, method) for name, method in METHODS.items()),
        "## Notifications\n",
        *(f"### {name}\n\n{_about(model)}\n\n{_members(model)}" for name, model in said.items()),
        "## Errors\n",
        _members(answers.Failure),
        "## What other objects hold\n",
        *(f"### {model.__name__}\n\n{_about(model)}\n\n{_members(model)}" for model in NESTED),
    ]
    return "\n".join(parts)


def schema() -> str:
    """The text of docs/protocol.schema.json."""
    models = [*_models(messages), *_models(answers), *_models(results)]
    _, found = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    definitions = found["$defs"]
    for model in models:
        _describe(definitions[model.__name__], model)
    requests = {"initialize": messages.Initialize} | {name: m.params for name, m in METHODS.items()}
    said = [_notification(name, model) for name, model in NOTIFICATIONS.items()]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Messages of acrbridge serve, protocol {messages.PROTOCOL_VERSION}",
        "$comment": "Made by docs/make_references.py: do not edit.",
        "anyOf": [{"$ref": "#/$defs/FromClient"}, {"$ref": "#/$defs/FromEngine"}],
        "results": {
            "initialize": _ref(answers.Initialized),
            **{name: _ref(method.result) for name, method in METHODS.items()},
        },
        "$defs": {
            "FromClient": {
                "anyOf": [
                    *(_request(name, model) for name, model in requests.items()),
                    _notification("cancel", messages.Cancel),
                ]
            },
            "FromEngine": {"anyOf": [_answer("result", {"type": "object"}), _error(), *said]},
            **dict(sorted(definitions.items())),
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _of(name: str, method: Method) -> str:
    text = inspect.getdoc(method.run) or ""
    codes = dict.fromkeys(CODE.findall(text.partition("Raises:")[2]))
    return _method(name, method.params, method.result, text.splitlines()[0], list(codes))


def _method(name: str, params: type[BaseModel], result: type[BaseModel], text: str, codes: list[str]) -> str:
    shared = messages.Request.model_fields if issubclass(params, messages.Request) else ()
    linked = ", ".join(f"[{code}](errors.md#{code.lower()})" for code in codes)
    return (
        f"### {name}\n\n{text}\n\n{_members(params, shared)}\nResult: {_lower(_about(result))}\n\n{_members(result)}\n"
        f"Errors of its own: {linked}.\n"
    )


def _members(model: type[BaseModel], left_out: Collection[str] = ()) -> str:
    """The members of an object as a table."""
    found = model.model_json_schema()
    names = {field.alias or name: name for name, field in model.model_fields.items() if name not in left_out}
    rows = [
        f"| `{alias}` | {_type(found['properties'][alias])} | {_need(found, alias)} | {_docs(model).get(name, '')} |"
        for alias, name in names.items()
    ]
    return "\n".join(
        ["| member | type | required | meaning |", "|---|---|---|---|", *rows, ""] if rows else []
    )


def _type(value: dict[str, Any]) -> str:
    if "anyOf" in value:
        return " \\| ".join(dict.fromkeys(map(_type, value["anyOf"])))
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in value:
        return " \\| ".join(f'`"{word}"`' for word in value["enum"])
    if value.get("type") == "array":
        return f"array of {_type(value['items'])}"
    return "secret" if value.get("format") == "password" else str(value.get("type", "any"))


def _need(model: dict[str, Any], name: str) -> str:
    default = model["properties"][name].get("default")
    if name in model.get("required", ()):
        return "yes"
    return "no" if default in (None, []) else f"no: `{json.dumps(default)}`"


def _request(name: str, params: type[BaseModel]) -> dict[str, Any]:
    needs = any(field.is_required() for field in params.model_fields.values())
    return _message(
        {"id": ID, "method": {"const": name}, "params": _ref(params)}, [] if needs else ["params"]
    )


def _notification(name: str, params: type[BaseModel]) -> dict[str, Any]:
    return _message({"method": {"const": name}, "params": _ref(params)})


def _answer(member: str, value: dict[str, Any]) -> dict[str, Any]:
    return _message({"id": ID, member: value})


def _error() -> dict[str, Any]:
    """An error; its id is null where the message did not tell."""
    return _message({"id": {"anyOf": [*ID["anyOf"], {"type": "null"}]}, "error": _ref(answers.Failure)})


def _message(members: dict[str, Any], optional: list[str] | None = None) -> dict[str, Any]:
    members = {**members, "jsonrpc": {"const": "2.0"}}
    required = [name for name in members if name not in (optional or [])]
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def _models(module: Any) -> Iterator[type[BaseModel]]:
    for value in vars(module).values():
        own = inspect.isclass(value) and value.__module__ == module.__name__
        if own and issubclass(value, BaseModel) and value not in (messages.Params, answers.Answer):
            yield value


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    """Put into a definition what stands beneath each attribute in the code, and leave out pydantic's titles."""
    definition.pop("title", None)
    for name, value in definition.get("properties", {}).items():
        value.pop("title", None)
        if text := _docs(model).get(_field(model, name)):
            value["description"] = text


def _field(model: type[BaseModel], alias: str) -> str:
    return next(name for name, field in model.model_fields.items() if (field.alias or name) == alias)


@cache
def _docs(model: type[BaseModel]) -> dict[str, str]:
    """The texts beneath the attributes of a class and of those that it extends."""
    found: dict[str, str] = {}
    for kind in reversed((CopyJob, *model.__mro__) if model is messages.Copy else model.__mro__):
        if kind not in (BaseModel, object):
            body = ast.parse(inspect.getsource(kind)).body[0].body  # type: ignore[attr-defined]
            for statement, text in pairwise(body):
                if isinstance(statement, ast.AnnAssign) and isinstance(text, ast.Expr):
                    found[statement.target.id] = _one_line(text.value.value)  # type: ignore[union-attr,attr-defined]
    return found


def _about(model: type[BaseModel]) -> str:
    return _one_line(model.__doc__ or "")


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
