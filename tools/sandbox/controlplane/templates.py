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
"""Configuration templates: ``@name@`` is replaced, ``@include FRAGMENT key=value@`` is inserted.

The at sign is used because dollar signs and braces have meanings of their own in the services'
configuration files. An unknown name is an error, never an empty string.
"""

import collections.abc
import pathlib
import re

from controlplane import errors
from controlplane import layout

FRAGMENTS = layout.TOOLS / "fragments"
INCLUDE = re.compile(r"^@include ([a-z_]+)((?: [a-z]+=\S+?)*)@$", re.MULTILINE)
NAME = re.compile(r"@([a-z][a-z0-9_.-]*)@")

Values = collections.abc.Mapping[str, str]


def render(text: str, values: Values) -> str:
    """The text with fragments inserted and names replaced."""

    def insert(match: re.Match[str]) -> str:
        pairs = (pair.split("=", 1) for pair in match[2].split())
        own = {key: render(value, values) for key, value in pairs}
        fragment = (FRAGMENTS / f"{match[1]}.conf").read_text()
        return render(fragment, {**values, **own}).rstrip("\n")

    def replace(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise errors.SandboxError(f"a template uses the unknown name @{match[1]}@")
        return values[match[1]]

    return NAME.sub(replace, INCLUDE.sub(insert, text))


def write(path: pathlib.Path, text: str) -> None:
    """The file holds the text; its time changes only when its content does."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def render_folder(source: pathlib.Path, target: pathlib.Path, values: Values) -> None:
    """Every file of the source folder is rendered into the target folder."""
    for path in sorted(source.glob("*")):
        write(target / path.name, render(path.read_text(), values))
