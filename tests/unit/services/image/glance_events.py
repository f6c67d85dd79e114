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
r"""Finds every event type that an installed Glance can send, by reading its code.

This makes the table anew that the tests compare with, where DIRECTORY is that of the package
glance (in the sandbox: ``$SANDBOX_HOME/venv/lib/python3*/site-packages/glance``)::

    python tests/unit/services/image/glance_events.py DIRECTORY \
        > tests/samples/notifications/image/event_types.json
"""

import ast
import json
import pathlib
import sys

#: Where an argument of a function that sends is the event type: its place.
SENDERS = {"send_notification": 0, "_send_notification": 1, "notify": 0}
#: Where these pass on what they were given.
FORWARDED = {"notification_type", "notification_id"}


def find_events(package):
    """Yield the event types in all files of the package but its tests."""
    for path in sorted(package.rglob("*.py")):
        if "tests" in path.relative_to(package).parts:
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", None))
            if name not in SENDERS:
                continue
            argument = call.args[SENDERS[name]]
            if isinstance(argument, ast.Constant):
                yield argument.value
            elif getattr(argument, "id", None) not in FORWARDED:
                sys.exit(f"{path}:{call.lineno} sends something that nobody has looked at")


if __name__ == "__main__":
    found = sorted(set(find_events(pathlib.Path(sys.argv[1]))))
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
