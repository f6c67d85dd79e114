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
"""Designate's pool: the name servers of all zones."""

import os
import pathlib
import subprocess

from controlplane import waiting

TIMEOUT_S = 120


def seed(admin):
    """The pool is the one of pools.yaml; designate-central has to be ready to take it."""
    home = pathlib.Path(os.environ["SANDBOX_HOME"])
    folder, loaded = home / "etc" / "designate", home / "state" / "designate" / "pools.yaml"
    wanted = (folder / "pools.yaml").read_text()
    if loaded.exists() and loaded.read_text() == wanted:
        return
    options = ["--config-file", str(folder / "designate.conf")]
    update = ["designate-manage", *options, "pool", "update", "--file", str(folder / "pools.yaml")]

    def is_updated():
        return subprocess.run(update, check=False).returncode == 0

    waiting.wait_until(is_updated, "designate's pool", timeout_s=TIMEOUT_S)
    loaded.write_text(wanted)
