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

"""What a repository says of itself in its packaging: its names, its programs, its entry points.

``pyproject.toml``, ``setup.cfg`` (of pbr and of setuptools), ``setup.py`` by its
syntax tree, and ``.gitreview``.  What cannot be parsed tells nothing, and
neither does what is larger than any packaging: the parsers take a time that
grows with the square of a line.
"""

import ast
import configparser
import itertools
import tomllib
from typing import Any

import msgspec

from cleanupd.rally_jobs import repository

LARGEST_TEXT = 2**17
LONGEST_LINE = 1000
LONGEST_NAME = 100

_PROGRAMS = ("console_scripts", "wsgi_scripts")


class Claim(msgspec.Struct, frozen=True):
    """A name that a file gives to the project."""

    where: str
    name: str


class Metadata(msgspec.Struct, frozen=True):
    """All that is said."""

    claims: tuple[Claim, ...]
    programs: frozenset[str]
    groups: frozenset[str]


def read(tree: repository.Repository) -> Metadata:
    """Return what a repository says of itself.

    A distribution has one name: where ``pyproject.toml`` gives one,
    ``setup.cfg`` may still give another, and then both are claims.
    """
    project = _as_dict(_parse_toml(_read(tree, "pyproject.toml")).get("project"))
    config = _parse_ini(_read(tree, "setup.cfg"))
    review = _parse_ini(_read(tree, ".gitreview"))
    names = {
        "pyproject.toml": project.get("name"),
        "setup.cfg": config.get("metadata", {}).get("name"),
    }
    if not any(names.values()):
        names["setup.py"] = _setup_name(_read(tree, "setup.py"))
    git = review.get("gerrit", {}).get("project", "")
    names[".gitreview"] = git.rpartition("/")[2].removesuffix(".git")
    entries = _entry_points(project, config)
    scripts = config.get("files", {}).get("scripts", "").split()
    programs = {script.rpartition("/")[2] for script in scripts}
    for group in _PROGRAMS:
        programs |= entries.get(group, set())
    return Metadata(
        claims=tuple(
            Claim(where, " ".join(name.split())[:LONGEST_NAME])
            for where, name in names.items()
            if isinstance(name, str) and name.strip()
        ),
        programs=frozenset(programs),
        groups=frozenset(entries),
    )


def _read(tree: repository.Repository, path: str) -> str:
    """Return a text of the size of packaging; "" for any other."""
    text = tree.read(path) or ""
    if len(text) > LARGEST_TEXT or any(len(one) > LONGEST_LINE for one in text.splitlines()):
        return ""
    return text


def _entry_points(
    project: dict[str, Any], config: dict[str, dict[str, str]]
) -> dict[str, set[str]]:
    """Return the names in each group of entry points."""
    found: dict[str, set[str]] = {"console_scripts": set(_as_dict(project.get("scripts")))}
    for group, entries in _as_dict(project.get("entry-points")).items():
        found.setdefault(group, set()).update(_as_dict(entries))
    sections = (config.get("entry_points", {}), config.get("options.entry_points", {}))
    for group, lines in itertools.chain.from_iterable(one.items() for one in sections):
        names = {line.partition("=")[0].strip() for line in lines.splitlines() if "=" in line}
        found.setdefault(group, set()).update(names)
    return found


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _parse_ini(text: str) -> dict[str, dict[str, str]]:
    # No section is the default of all others: there may be thousands of them.
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _setup_name(text: str) -> str | None:
    """Return the literal name that ``setup.py`` gives to ``setup()``; nothing is executed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="setup") | ast.Attribute(attr="setup"), keywords=keywords
            ):
                for keyword in keywords:
                    match keyword:
                        case ast.keyword(arg="name", value=ast.Constant(value=str(name))):
                            return name
    return None


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
