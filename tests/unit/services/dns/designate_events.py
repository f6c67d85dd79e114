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
r"""Finds every event type that an installed Designate can send, by reading its code.

This makes the table anew that the tests compare with, where DIRECTORY is that of the package
designate (in the sandbox: ``$SANDBOX_HOME/venv/lib/python3*/site-packages/designate``)::

    python tests/unit/services/dns/designate_events.py DIRECTORY \
        > tests/samples/notifications/dns/event_types.json
"""

import json
import pathlib
import re
import sys

#: What central decorates its methods with, and what the producer tells once an hour.
SENT = re.compile(r"(?:notify_type\(|notifier\.info\(ctxt, )'(dns\.[a-z_.]+)'")


def find_events(package):
    """Yield the event types in all files of the package but its tests."""
    for path in sorted(package.rglob("*.py")):
        if "tests" not in path.relative_to(package).parts:
            yield from SENT.findall(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    found = sorted(set(find_events(pathlib.Path(sys.argv[1]))))
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
