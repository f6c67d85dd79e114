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
r"""Finds every event type that an installed Manila can send, by reading its code.

This makes the table anew that the tests compare with, where DIRECTORY is that of the package
manila (in the sandbox: ``$SANDBOX_HOME/venv/lib/python3*/site-packages/manila``)::

    python tests/unit/services/shared_file_system/manila_events.py DIRECTORY \
        > tests/samples/notifications/shared_file_system/event_types.json
"""

import json
import pathlib
import re
import sys

#: What is said of a share, by its suffix, and of types by the whole word.
SHARE = re.compile(r"notify_about_share_usage\([^\"']*?[\"']([a-z]+(?:\.[a-z]+)+)[\"']")
WHOLE = re.compile(r"[\"']((?:share|qos)_type(?:_extra_specs|_specs)?\.(?:create|update|delete))")


def find_events(package):
    """Yield the event types in all files of the package but its tests."""
    for path in sorted(package.rglob("*.py")):
        if "tests" not in path.relative_to(package).parts:
            text = path.read_text(encoding="utf-8")
            yield from (f"share.{suffix}" for suffix in SHARE.findall(text))
            yield from WHOLE.findall(text)


if __name__ == "__main__":
    found = sorted(set(find_events(pathlib.Path(sys.argv[1]))))
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
