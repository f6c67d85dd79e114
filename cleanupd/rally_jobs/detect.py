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

"""Tells which service's repository a tree is, from what it says of itself and from its code.

Neither is enough alone: a charm has folders named after the service, a client
names it, and a fork keeps the code under another name.  Nothing is executed.
"""

from collections.abc import Iterator
import re

import msgspec

from cleanupd.rally_jobs import folder
from cleanupd.rally_jobs import metadata
from cleanupd.rally_jobs import repository
from cleanupd.rally_jobs import services

#: So many of package, program and marker have to be there.
ENOUGH_CODE = 2

_RALLY_TASK = re.compile(r"^[ \t]*rally_task:[ \t]*(\S{1,200})", re.MULTILINE)


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository is, and why.

    ``service`` is None where it cannot be told, and ``reason`` then says what
    the repository is, or what is missing, and what to do.  ``identity`` and
    ``code`` are the evidence, ``existing`` the Rally jobs that are there
    already, ``zuul`` where Zuul looks for the jobs of the project ("" for
    nowhere yet).
    """

    service: str | None
    name: str
    identity: tuple[str, ...]
    code: tuple[str, ...]
    existing: tuple[str, ...]
    zuul: str
    reason: str = ""


def detect(tree: repository.Repository) -> Detection:
    """Return which of the ten services a repository is."""
    known = services.load()
    told = metadata.read(tree)
    claimed = [known.named(claim.name) for claim in told.claims]
    agreed = claimed[0] if claimed and len(set(claimed)) == 1 else None
    facts = {name: tuple(_code(tree, name, one, told)) for name, one in known.services.items()}
    matching = [name for name, code in facts.items() if len(code) >= ENOUGH_CODE]
    service = agreed if agreed in matching else None
    return Detection(
        service=service,
        name=told.claims[0].name if told.claims else "",
        identity=tuple(f"{claim.where}: {claim.name}" for claim in told.claims),
        code=tuple(
            f"{name}: {', '.join(code)}"
            for name, code in facts.items()
            if name in matching or (code and name == agreed)
        ),
        existing=tuple(_existing(tree)),
        zuul=next((place for place in folder.ZUUL_PLACES if tree.mode(place) is not None), ""),
        reason="" if service else _explain(known, told, agreed, matching),
    )


def _code(
    tree: repository.Repository, name: str, service: services.Service, told: metadata.Metadata
) -> Iterator[str]:
    if tree.is_file(f"{name}/__init__.py"):
        yield f"package {name}"
    programs = [one for one in service.programs if one in told.programs]
    groups = [one for one in service.groups if one in told.groups]
    if programs or groups:
        yield f"entry point {(programs + groups)[0]}"
    if tree.mode(service.marker) is not None:
        yield service.marker


def _existing(tree: repository.Repository) -> Iterator[str]:
    for place in folder.NAMES:
        if tree.is_folder(place):
            yield from (f"{place}/{name}" for name in tree.names(place))
        elif tree.mode(place) is not None:
            yield place
    for place in folder.ZUUL_PLACES:
        paths = (
            [f"{place}/{name}" for name in tree.names(place)] if tree.is_folder(place) else [place]
        )
        for path in paths:
            for task in _RALLY_TASK.findall(tree.read(path) or ""):
                yield f"{path}: rally_task: {task}"


def _explain(
    known: services.Services,
    told: metadata.Metadata,
    agreed: str | None,
    matching: list[str],
) -> str:
    """Return why no service could be told, and what to do."""
    if agreed:
        return (
            f"it is called {told.claims[0].name}, but has too little of {agreed}'s code: two of"
            f" its package, its programs and {known.services[agreed].marker} have to be there;"
            f" pass --service {agreed} if it is {agreed} nevertheless"
        )
    for claim in told.claims:
        what = known.companion(claim.name)
        if what:
            return (
                f"{claim.name} is {what}: its rally-jobs belong in the repository of the service"
                " (or pass --service)"
            )
        if known.is_other(claim.name):
            return (
                f"{claim.name} is a service for which nothing can be generated, only for"
                f" {', '.join(known.services)}; `cleanupctl rally-jobs check` works with it, too"
            )
    names = ", ".join(f"{claim.name} ({claim.where})" for claim in told.claims)
    looks = f"; its code looks like {' and '.join(matching)}" if matching else ""
    return (
        f"cannot tell which OpenStack service this is (name: {names or 'none'}{looks});"
        f" known: {', '.join(known.services)}; pass --service"
    )
