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
r"""Finds every event type that an installed Keystone can send, by reading its code.

This makes the table anew that the tests compare with, where DIRECTORY is that of the package
keystone (in the sandbox: ``$SANDBOX_HOME/venv/lib/python3*/site-packages/keystone``)::

    python tests/unit/services/identity/keystone_events.py DIRECTORY \
        > tests/samples/notifications/identity/event_types.json
"""

import ast
import json
import pathlib
import sys

#: What a function of Audit sends at the end of the event type.
ACTIONS = {
    "created": "created",
    "updated": "updated",
    "deleted": "deleted",
    "disabled": "disabled",
    "added_to": "updated",
    "removed_from": "updated",
}


def find_events(package):
    """Yield the event types in all files of the package but its tests."""
    for path in sorted(package.rglob("*.py")):
        if "tests" in path.relative_to(package).parts or path.name == "notifications.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = dict(_words(tree))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and "notifications." in ast.unparse(call.func):
                yield from _sent(call, words, path)


def _words(tree):
    """Yield name and value of each word for a resource."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield getattr(node.targets[0], "id", None), node.value.value


def _sent(call, words, path):
    function = ast.unparse(call.func).rpartition("notifications.")[2]
    word, _, action = function.partition(".")
    if word == "Audit" and action in ACTIONS:
        if any(one.arg == "public" for one in call.keywords):
            return  # for Keystone's own ears
        name = ast.unparse(call.args[0]).rpartition(".")[2]
        # The one command beside the API has the word of another file.
        yield f"identity.{words.get(name, name.strip('_').lower())}.{ACTIONS[action]}"
    elif word in {"role_assignment", "emit_event"}:
        rest = call.args[0].value
        yield (
            f"identity.role_assignment.{rest}" if word == "role_assignment" else f"identity.{rest}"
        )
    elif word in {"_send_audit_notification", "send_saml_audit_notification"}:
        yield "identity.authenticate"
    elif word not in {"invalidate_token_cache_notification", "build_audit_initiator"} and (
        action != "internal" and word not in {"register_event_callback", "notify_event_callbacks"}
    ):
        sys.exit(f"{path}:{call.lineno} calls {function}, which nobody has looked at")


if __name__ == "__main__":
    found = sorted(set(find_events(pathlib.Path(sys.argv[1]))))
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
