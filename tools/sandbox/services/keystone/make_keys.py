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
"""Key repositories as "keystone-manage fernet_setup" makes them: 0 is staged, 1 is primary."""

import base64
import os
import pathlib
import sys


def make_repository(folder: pathlib.Path) -> None:
    """Two keys that only this user can read are in the folder; existing ones stay."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("1", "0"):
        path = folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        make_repository(pathlib.Path(argument))
