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

"""Makes the folder ``rally-jobs`` of a service: every file as text, and where each belongs."""

from collections.abc import Mapping
import pathlib
import tempfile
from typing import Any

import msgspec

from cleanupd import exceptions
from cleanupd.rally_jobs import check
from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import folder
from cleanupd.rally_jobs import layout
from cleanupd.rally_jobs import repository
from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import task
from cleanupd.rally_jobs import writing
from cleanupd.rally_jobs import zuul

FOLDER = "rally-jobs"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted: for which service, how much, voting or not, with which limits.

    ``limits`` are seconds by scenario and action; ``source`` says in a sentence
    where they are from.
    """

    service: str
    profile: str = "gate"
    is_voting: bool = False
    limits: Mapping[tuple[str, str], float] = {}
    source: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What generating means for a repository.

    ``obstacles`` are the Rally jobs that are there already, where something
    would be written beside or over them.  ``spot`` says whether the job is
    among the ``changes`` or has to be pasted.
    """

    changes: tuple[writing.Change, ...]
    obstacles: tuple[str, ...]
    job: str
    spot: zuul.Spot
    commit_message: str

    def text(self, name: str) -> str:
        """Return the text of a file of the folder."""
        return next(one.text for one in self.changes if one.path == f"{FOLDER}/{name}")


def plan(
    tree: repository.Repository, found: detect.Detection, request: Request, *, is_forced: bool
) -> Plan:
    """Return what has to be written into a repository.

    Raises Refused where a symbolic link, or something else that is no file,
    is in the way.
    """
    service = services.load().services[request.service]
    profile = services.load().profiles[request.profile]
    job = zuul.job(request.service, profile, is_voting=request.is_voting)
    spot = zuul.find_spot(tree, found)
    facts = _facts(request, service, profile)
    message = _render("commit-message.txt.j2", facts)
    facts |= {
        "job": job,
        "spot": spot,
        "commit_message": message,
        "told_by": "; ".join(found.identity) if found.service == request.service else "--service",
    }
    files = render(service, facts)
    text = task.render(service, profile, request.limits)
    files[f"{FOLDER}/task-{request.service}.yaml"] = text
    if spot.path:
        files[spot.path] = zuul.MARK + job
    changes = writing.compare(tree, files)
    states = {change.state for change in changes}
    has_folder = any(one.startswith(folder.NAMES) for one in found.existing)
    is_in_way = writing.State.CHANGED in states or (has_folder and writing.State.NEW in states)
    return Plan(
        changes=changes,
        obstacles=found.existing if is_in_way and not is_forced else (),
        job=f"---\n{job}",
        spot=spot,
        commit_message=message,
    )


def verify(plan: Plan) -> None:
    """Return if the check of Rally jobs finds nothing in what is to be written; else raise."""
    with tempfile.TemporaryDirectory(prefix="cleanupd-") as place:
        root = pathlib.Path(place)
        tree = repository.Repository(root)
        texts = {change.path: change.text for change in plan.changes}
        writing.write(tree, writing.compare(tree, texts))
        report = check.check(root)
    if report.findings:
        one = report.findings[0]
        raise exceptions.CleanupdError(
            f"the folder would be wrong, so nothing is written: {one.path}:{one.line}:"
            f" {one.message} [{one.rule}]"
        )


def render(service: services.Service, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each file but the task, by its path in the repository."""
    documents = {
        "README.rst": "README.rst.j2",
        "CHECKLIST.rst": "CHECKLIST.rst.j2",
        "plugins/README.rst": "plugins-README.rst.j2",
        "extra/README.rst": "extra-README.rst.j2",
    }
    plain = {
        "plugins/__init__.py": "plugins-init.py.j2",
        **{f"plugins/{path}": f"plugins/{path}.j2" for path in service.custom},
        **{f"extra/{path}": f"extra/{path}.j2" for path in service.extra},
    }
    texts = {path: layout.tidy(_render(name, facts)) for path, name in documents.items()}
    texts |= {path: _render(name, facts) for path, name in plain.items()}
    return {f"{FOLDER}/{path}": text for path, text in texts.items()}


def _facts(
    request: Request, service: services.Service, profile: services.Profile
) -> dict[str, Any]:
    """Return what templates say of a request."""
    options = ["--service", request.service, "--profile", request.profile]
    return {
        "name": request.service,
        "service": service,
        "task": f"task-{request.service}.yaml",
        "profile_name": request.profile,
        "profile": profile,
        "is_voting": request.is_voting,
        "options": " ".join(options + ["--voting"] * request.is_voting),
        "departures": _departures(service, request, profile),
        "origin": request.source
        or "The limits here are the template's, and were not measured anywhere.",
        "example": task.example(service),
    }


def _departures(
    service: services.Service, request: Request, profile: services.Profile
) -> list[str]:
    """Return in what a service's folder differs from the template, with reasons."""
    bounded = [one for one in service.workloads if one.most is not None]
    most = profile.iterations(bounded[0]) if bounded else 0
    if most < profile.times:
        told = f"So it runs {most} times and not {profile.times}"
    else:
        told = f"In profile {request.profile} it runs as often as the rest"
    return [departure.format(bounded=told) for departure in service.departures]


def _render(name: str, facts: Mapping[str, Any]) -> str:
    return layout.environment().get_template(name).render(facts)
