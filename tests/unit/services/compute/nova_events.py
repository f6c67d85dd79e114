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
"""Finds every event type that an installed Nova can send, by reading its code.

``python -m tests.unit.services.compute.nova_events DIRECTORY >
tests/samples/notifications/compute/event_types.json``, where DIRECTORY is that of the package
nova (in the sandbox: ``$SANDBOX_HOME/venv/lib/python3*/site-packages/nova``), makes the table
anew that the tests compare with.
"""

import ast
from collections.abc import Iterator
import json
import pathlib
import sys

#: Functions that send one legacy notification: what its event type begins with, and which
#: argument is the rest.
LEGACY = {
    "_notify_about_instance_usage": ("compute.instance.", 2),
    "notify_about_instance_usage": ("compute.instance.", 3),
    "notify_about_aggregate_update": ("aggregate.", 1),
    "notify_about_server_group_update": ("servergroup.", 1),
    "notify_about_host_update": ("HostAPI.", 1),
    "_notify": ("keypair.", 1),
    "set_vm_state_and_notify": ("compute_task.", 3),
    "_set_vm_state_and_notify": ("compute_task.", 2),
}
#: Functions that send one versioned notification: its object, and the action where that is fixed.
VERSIONED = {
    "notify_about_instance_action": ("instance", None),
    "notify_about_instance_create": ("instance", "create"),
    "notify_about_instance_rebuild": ("instance", "rebuild"),
    "notify_about_instance_rescue_action": ("instance", "rescue"),
    "notify_about_instance_snapshot": ("instance", "snapshot"),
    "notify_about_resize_prep_instance": ("instance", "resize_prep"),
    "notify_about_share_attach_detach": ("instance", None),
    "notify_about_volume_attach_detach": ("instance", None),
    "notify_about_volume_swap": ("instance", "volume_swap"),
    "notify_about_aggregate_action": ("aggregate", None),
    "notify_about_keypair_action": ("keypair", None),
    "notify_about_scheduler_action": ("scheduler", None),
    "notify_about_server_group_action": ("server_group", None),
}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _constant(node: ast.expr) -> tuple[str, str] | None:
    """The name of the enumeration and of its member, such as NotificationPhase and START."""
    if not isinstance(node, ast.Attribute):
        return None
    return _name(node.value), node.attr


def _members(tree: ast.Module) -> Iterator[tuple[tuple[str, str], str]]:
    """The members of the enumerations of actions and phases."""
    for enumeration in tree.body:
        if isinstance(enumeration, ast.ClassDef) and enumeration.name.startswith("Notification"):
            for one in enumeration.body:
                if isinstance(one, ast.Assign) and (text := _text(one.value)):
                    yield (enumeration.name, _name(one.targets[0])), text


def _versioned(call: ast.Call, members: dict[tuple[str, str], str]) -> Iterator[str]:
    name = _name(call.func)
    if name == "notification_sample":
        parts = (_text(call.args[0]) or "").removesuffix(".json").split("-")
        # Samples of one event with and without shares; and one whose name has a - in the action.
        parts = [part.removesuffix("_share") for part in parts]
        yield ".".join(parts).replace("build.instances", "build_instances")
    if name not in VERSIONED:
        return
    what, action = VERSIONED[name]
    found = {"action": action, "phase": None}
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    for value in values:
        constant = _constant(value)
        if constant in members:
            found[constant[0].removeprefix("Notification").lower()] = members[constant]
    told = any(getattr(value, "id", "") == "phase" for value in values)
    for phase in ("start", "end") if told else (found["phase"],):
        if found["action"]:
            yield ".".join(filter(None, (what, found["action"], phase)))


def _suffixes(node: ast.expr) -> Iterator[str]:
    """The texts that a suffix can be: itself, or with either phase put into it."""
    if text := _text(node):
        yield text
    if isinstance(node, ast.BinOp) and (text := _text(node.left)) and text.endswith(".%s"):
        # Of an action only a resize is told with its action put in.
        for phase in ("start", "end"):
            yield text.replace("%s.%s", "resize.%s") % phase


def _legacy(call: ast.Call) -> Iterator[str]:
    name = _name(call.func)
    if name in LEGACY and len(call.args) > LEGACY[name][1]:
        prefix, place = LEGACY[name]
        yield from (prefix + suffix for suffix in _suffixes(call.args[place]))
    if name in {"info", "error"} and len(call.args) == 3 and (text := _text(call.args[1])):
        yield text
    if name == "notify_about_instance_delete":
        for sort in ("delete", "soft_delete", "force_delete"):
            yield from (f"compute.instance.{sort}.{phase}" for phase in ("start", "end"))


def _calls(node: ast.AST) -> Iterator[str]:
    """The functions whose failure is told under their own names."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for one in node.decorator_list:
            if isinstance(one, ast.Call) and _name(one.func) == "wrap_exception":
                yield node.name


def find_events(package: pathlib.Path) -> dict[str, list[str]]:
    """All event types: versioned, legacy, and those named like the call that failed."""
    fields = ast.parse((package / "objects" / "fields.py").read_text(encoding="utf-8"))
    members = dict(_members(fields))
    found: dict[str, set[str]] = {"versioned": set(), "legacy": set(), "calls": set()}
    for path in sorted(package.rglob("*.py")):
        if "tests" in path.relative_to(package).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found["calls"].update(_calls(node))
            if isinstance(node, ast.Call):
                found["versioned"].update(_versioned(node, members))
                found["legacy"].update(_legacy(node))
    return {sort: sorted(types) for sort, types in found.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(find_events(pathlib.Path(sys.argv[1])), indent=1) + "\n")
