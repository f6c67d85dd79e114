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
"""smoke.py SERVICE...: each service does what it is for, seen from outside.

A failure does not stop the others; the exit code says whether there was one.
"""

import sys
import time
import traceback

import openstack

from cloud import plugins


def main() -> int:
    """0 when every named service that has a smoke test passed it."""
    clouds = {name: openstack.connect(cloud=name) for name in ("admin", "demo")}
    failed = []
    for service in sys.argv[1:]:
        module = plugins.load(service, "smoke")
        if module is None:
            continue
        begun = time.monotonic()
        try:
            module.smoke(clouds["admin"], clouds["demo"])
        except Exception:  # noqa: BLE001 - one service's failure must not hide the others'
            traceback.print_exc()
            failed.append(service)
        result = "FAILED" if service in failed else "ok"
        print(f"{service:12} {result:6} {time.monotonic() - begun:6.1f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
