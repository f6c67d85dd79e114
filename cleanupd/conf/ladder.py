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

"""The option of each service that allows rungs of the ladder for what cannot be removed."""

from collections.abc import Iterable
from collections.abc import Iterator

from oslo_config import cfg

from cleanupd import exceptions
from cleanupd.core import kinds

_HELP = """\
What may be done to a benchmark's resource that cannot be removed by asking.

A list of what follows; each is tried once, in this order, when a removal has
failed for good, right after the resource was read again. Empty means that
such a resource is left, and told. Allow a rung where you would take it by
hand: what a back end does not let go of may stay there, unknown to the
service.
"""


def options(service: str, known: Iterable[kinds.Kind]) -> Iterator[cfg.Opt]:
    """Yield the option of a service, if one of its kinds has a ladder."""
    rungs = list(_rungs(service, known))
    if rungs:
        choices = "\n".join(f"{kind.rung_key(one.name)}: {one.does}" for kind, one in rungs)
        yield cfg.ListOpt("ladder", default=[], help=f"{_HELP}\n{choices}")


def allowed(conf: cfg.ConfigOpts, known: Iterable[kinds.Kind]) -> frozenset[str]:
    """Return the rungs that the options allow, with their service; raises InvalidOptions."""
    found = set()
    kept = tuple(known)
    for service in sorted({kind.service for kind in kept if kind.rungs}):
        choices = {k.rung_key(r.name): k.rung_id(r.name) for k, r in _rungs(service, kept)}
        for one in conf[service].ladder:
            if one not in choices:
                raise exceptions.InvalidOptions(
                    f"[{service}] ladder: {one!r} is none of {', '.join(choices)}"
                )
            found.add(choices[one])
    return frozenset(found)


def _rungs(service: str, known: Iterable[kinds.Kind]) -> Iterator[tuple[kinds.Kind, kinds.Rung]]:
    for kind in sorted(known, key=lambda one: one.name):
        if kind.service == service:
            yield from ((kind, rung) for rung in kind.rungs)
