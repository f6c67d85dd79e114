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
"""Finds every event type that an installed Neutron can send, from its own code.

Run by the Python that Neutron is installed for, it makes the table anew that the tests compare
with::

    ~/.cleanupd-sandbox/venv/bin/python tests/unit/services/network/neutron_events.py \
        > tests/samples/notifications/network/event_types.json

Neutron's API sends ``RESOURCE.ACTION.start`` and ``.end`` for each resource that its extensions
and neutron-lib's definitions declare.  All else is sent by the files of ``OTHERS``: another one
that makes a notifier ends this with an error.
"""

import importlib
import json
import pathlib
import pkgutil
import sys

_API = {"neutron/api/v2/base.py", "neutron/pecan_wsgi/hooks/notifier.py", "neutron_lib/rpc.py"}
OTHERS = {
    "neutron/cmd/usage_audit.py": [
        f"{name}.exists" for name in ("network", "subnet", "port", "router", "floatingip")
    ],
    "neutron/db/l3_db.py": ["router.interface.create", "router.interface.delete"],
    "neutron/extensions/dhcpagentscheduler.py": [
        "dhcp_agent.network.add",
        "dhcp_agent.network.remove",
    ],
    "neutron/extensions/l3agentscheduler.py": [
        f"l3_agent.router.{action}" for action in ("add", "update", "remove")
    ],
    "neutron/extensions/tagging.py": [
        f"tag.{action}.{stage}"
        for action in ("create", "update", "delete", "delete_all")
        for stage in ("start", "end")
    ],
    "neutron/services/metering/agents/metering_agent.py": ["l3.meter"],
}


def find_senders():
    """Return the files of Neutron that make a notifier."""
    found = set()
    for name in ("neutron", "neutron_lib"):
        root = pathlib.Path(importlib.import_module(name).__file__).parent
        for path in root.rglob("*.py"):
            if "tests" not in path.parts and "get_notifier(" in path.read_text(encoding="utf-8"):
                found.add(str(path.relative_to(root.parent)))
    return found


def find_resources():
    """Return the names of the resources that the API declares, those of the stadium included."""
    # Quotas are no extension's: they have a controller of their own.
    found = {"quotas"}
    for name in ("neutron_lib.api.definitions", "neutron.extensions"):
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.startswith("_"):
                continue
            loaded = importlib.import_module(f"{name}.{module.name}")
            for table in ("RESOURCE_ATTRIBUTE_MAP", "SUB_RESOURCE_ATTRIBUTE_MAP"):
                found.update(getattr(loaded, table, None) or {})
    return {singular(plural.replace("-", "_")) for plural in found}


def singular(plural):
    """Return the name of one of a collection, as Neutron's own plurals have it."""
    if plural.endswith("ies"):
        return f"{plural[:-3]}y"
    return plural.removesuffix("s")


def main():
    """Write the table to standard output."""
    if strange := find_senders().symmetric_difference(_API | set(OTHERS)):
        sys.exit(f"these files send, or send no longer, what nobody has looked at: {strange}")
    found = {
        f"{resource}.{action}.{stage}"
        for resource in find_resources()
        for action in ("create", "update", "delete")
        for stage in ("start", "end")
    }
    found.update(*OTHERS.values())
    sys.stdout.write(f"{json.dumps(sorted(found), indent=1)}\n")


if __name__ == "__main__":
    main()
