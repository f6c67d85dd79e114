# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Tells on stdout, as JSON, what an installed Rally knows; run by that Rally's interpreter.

Not a module to import: :mod:`cleanupd.rally_jobs.refresh` starts it with
``--rally-python`` and a home of its own, so that no plugin of the person who
refreshes gets into the table.  Written for Rally 5.1.1.
"""

import ast
import importlib
import importlib.metadata
import inspect
import json
import pathlib
import sys
from typing import Any

PACKAGES = ("rally", "rally_openstack")
_DISTRIBUTIONS = ("rally", "rally-openstack")
_TIMERS = ("ActionTimer", "action_timer", "optional_action_timer")


def main() -> None:
    """Print everything that the table has of Rally itself."""
    importlib.import_module("rally.plugins").load()
    task = {
        name: importlib.import_module(f"rally.task.{name}")
        for name in ("scenario", "context", "runner", "sla", "hook")
    }
    told = {
        "versions": {name: importlib.metadata.version(name) for name in _DISTRIBUTIONS},
        "scenarios": {
            one.get_name(): describe_scenario(one) for one in task["scenario"].Scenario.get_all()
        },
        "contexts": _schemas(task["context"].Context.get_all(allow_hidden=True)),
        "runners": _schemas(task["runner"].ScenarioRunner.get_all()),
        "slas": _schemas(task["sla"].SLA.get_all()),
        "hooks": _schemas(task["hook"].HookAction.get_all()),
        "triggers": _schemas(task["hook"].HookTrigger.get_all()),
        "cleanup": _cleanup_groups(),
        "shapes": _shapes(),
        "moves": _moves(),
        **_describe_sources(),
    }
    json.dump(told, sys.stdout, sort_keys=True)


def describe_scenario(plugin: Any) -> dict[str, Any]:
    """Return what a scenario takes, as its validators of arguments see it."""
    given = list(inspect.signature(plugin.run).parameters.values())[1:]
    named = [one for one in given if one.kind is one.POSITIONAL_OR_KEYWORD]
    schema = (plugin.get_info().get("schema") or {}).get("properties", {})
    validators = [(name, kwargs) for name, _, kwargs in _meta(plugin, "validators", [])]
    needs = dict(validators)
    platform = needs.get("required_platform", {})
    services = needs.get("required_services", {}).get("services", [])
    return {
        "platform": plugin.get_platform(),
        "required": [one.name for one in named if one.default is one.empty],
        "optional": [one.name for one in named if one.default is not one.empty],
        "takes_any": any(one.kind is one.VAR_KEYWORD for one in given),
        "schemas": {name: one for name, one in _without_prose(_plain(schema)).items() if one},
        "types": {
            name: value["type"] for name, value in _meta(plugin, "preprocessors", {}).items()
        },
        "services": [services] if isinstance(services, str) else services,
        "needs_admin": bool(platform.get("admin")),
        "cleanup": sorted(
            {
                group
                for name, groups in plugin.get_default_context().items()
                if "cleanup" in name
                for group in groups
            }
        ),
        "validators": [[name, _plain(kwargs)] for name, kwargs in validators if name in _OFFLINE],
    }


def _meta(plugin: Any, key: str, default: Any) -> Any:
    return plugin._meta_get(key, default=default)  # noqa: SLF001 - Rally has no other door


_PROSE = {"default", "description", "title"}

#: Validators of scenarios that need no cloud.
_OFFLINE = (
    "enum",
    "file_exists",
    "number",
    "required_context_config",
    "required_contexts",
    "required_param_or_context",
    "required_params",
    "restricted_parameters",
)


def _schemas(plugins: Any) -> dict[str, Any]:
    return {
        one.get_name(): {
            "platform": one.get_platform(),
            "is_hidden": one.is_hidden(),
            "schema": _without_prose(_plain(one.CONFIG_SCHEMA)),
        }
        for one in plugins
    }


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, dict):
        # A property may be called "description"; then its value is a schema.
        return {
            key: _without_prose(value)
            for key, value in schema.items()
            if not (key in _PROSE and not isinstance(value, dict))
        }
    return [_without_prose(one) for one in schema] if isinstance(schema, list) else schema


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=sorted))


def _moves() -> dict[str, str]:
    """Return the modules of rally-openstack that can still be imported by their old names."""
    moved = importlib.import_module("rally_openstack._compat")._MOVES  # noqa: SLF001 - as above
    return {one.deprecated: one.new for one in moved}


def _shapes() -> dict[str, Any]:
    """Return the JSON schemas of tasks in both formats, and of the two sorts of subtasks."""
    config = importlib.import_module("rally.task.task_cfg").TaskConfig
    return {
        "v1": _plain(config.CONFIG_SCHEMA_V1),
        "v2": {
            "type": "object",
            "properties": {
                "title": {"type": "string", "maxLength": 255},
                "version": {"enum": [2, "2"]},
                "description": {},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 255}},
                "subtasks": {"type": "array"},
            },
            "required": config.V2_TOP_REQUIRED_KEYS,
            "additionalProperties": False,
        },
        "simple": _plain(config.CONFIG_SCHEMA_V2_SUBTASK_SIMPLE),
        "complex": _plain(config.CONFIG_SCHEMA_V2_SUBTASK_COMPLEX),
    }


def _cleanup_groups() -> list[str]:
    importlib.import_module("rally_openstack.task.cleanup.resources")
    base = importlib.import_module("rally_openstack.task.cleanup.base")
    discover = importlib.import_module("rally.common.plugin.discover")
    managers = discover.itersubclasses(base.ResourceManager)
    return sorted({one._service for one in managers} - {""})  # noqa: SLF001 - set by a decorator


def _describe_sources() -> dict[str, Any]:
    """Return the modules with their names, and the actions that they can time."""
    modules: dict[str, list[str]] = {}
    actions: set[str] = set()
    for package in PACKAGES:
        root = pathlib.Path(importlib.import_module(package).__file__ or "").parent
        for path in sorted(root.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
            modules[name.removesuffix(".__init__")] = sorted(_public_names(tree))
            actions |= _timed(tree)
    return {"modules": modules, "actions": sorted(actions)}


def _public_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    nodes = list(tree.body)
    while nodes:
        node = nodes.pop()
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(one.asname or one.name).partition(".")[0] for one in aliases}
            case ast.Assign(targets=targets):
                found = (one for target in targets for one in ast.walk(target))
                names |= {one.id for one in found if isinstance(one, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.If(body=body, orelse=other) | ast.Try(body=body, orelse=other):
                nodes += [*body, *other, *getattr(node, "finalbody", [])]
                nodes += [one for h in getattr(node, "handlers", []) for one in h.body]
    return {name for name in names if not name.startswith("_")}


def _timed(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in _TIMERS:
            found |= {
                one.value
                for one in node.args
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


if __name__ == "__main__":
    main()
