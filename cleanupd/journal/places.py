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

"""Where a journal is: known before any database is touched, and cheap to import."""

from collections.abc import Mapping
import pathlib

import msgspec

FILE = "cleanupd.sqlite"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The database of a journal.

    ``options`` are oslo.db's by name; ``host`` is the daemon that writes,
    empty where nobody else does; ``upgrade`` is the command that brings the
    schema up to date.
    """

    url: str
    options: Mapping[str, object] = {}
    host: str = ""
    upgrade: str = "cleanupctl db upgrade"


def url_of(directory: pathlib.Path) -> str:
    """Return the URL of the SQLite database of a directory."""
    return f"sqlite:///{directory.absolute() / FILE}"


def in_directory(directory: pathlib.Path) -> Place:
    """Return the place of a journal that commands keep in a directory."""
    return Place(url=url_of(directory), upgrade=f"cleanupctl db upgrade --state-dir {directory}")
