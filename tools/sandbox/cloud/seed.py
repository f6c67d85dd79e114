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
"""seed.py SERVICE...: each service holds what the sandbox promises, and its workers report."""

import sys

import openstack

from cloud import plugins


def main() -> None:
    """Every named service was seeded, in this order."""
    admin = openstack.connect(cloud="admin")
    for service in sys.argv[1:]:
        module = plugins.load(service, "seed")
        if module is not None:
            module.seed(admin)
            print(f"seeded {service}", flush=True)


if __name__ == "__main__":
    main()
