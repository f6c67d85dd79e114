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

"""A cloud of dictionaries, and managers for it, that do as they are told."""

import collections
import dataclasses
import threading
import types

import msgspec

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.services.base import manager
from tests.unit.core import sample


@dataclasses.dataclass
class FakeCloud:
    """Holds records by ref and logs what is done to them.

    ``trouble`` has, by id, exceptions that the next deletes raise, one after
    the other; ``lingering`` ids stay after their delete until a test, or
    ``vanish_after`` listings, take them away.
    """

    name: str = "sample"
    region: str = "one"
    identity_host: str = "keystone.sample"
    records: dict = dataclasses.field(default_factory=dict)
    ever: set = dataclasses.field(default_factory=set)
    log: list = dataclasses.field(default_factory=list)
    trouble: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    broken: dict = dataclasses.field(default_factory=dict)
    lingering: dict = dataclasses.field(default_factory=dict)
    blindness: str | None = None
    services: frozenset = frozenset({("compute", "one"), ("network", "one")})
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    is_hurried: bool = False
    clock_shift_s: float = 0.0
    entrance: types.SimpleNamespace = dataclasses.field(default_factory=types.SimpleNamespace)

    def hurry(self):
        """Note that nothing is to be repeated."""
        self.is_hurried = True

    def visibility(self):
        """Say why not everything can be seen."""
        return self.blindness

    def catalogue(self):
        """Return the services of the cloud."""
        return self.services

    def offers(self, service):
        """Say that there is any service."""
        return True

    def add(self, *records):
        """Put records into the cloud."""
        self.ever |= {record.ref for record in records}
        self.records |= {record.ref: record for record in records}
        return self

    def change(self, ref, **fields):
        """Change a record."""
        self.records[ref] = msgspec.structs.replace(self.records[ref], **fields)


class FakeManager(manager.ResourceManager):
    """Lists, reads and deletes in a FakeCloud."""

    @classmethod
    def list(cls, cloud, listings):
        """Yield the records of the kind; the lingering ones vanish in time."""
        kind = cls.KIND.name
        if kind in cloud.broken:
            raise cloud.broken[kind]
        with cloud.lock:
            for ref, left in list(cloud.lingering.items()):
                if ref.kind == kind:
                    cloud.lingering[ref] = left - 1
                    if left <= 1:
                        cloud.records.pop(ref, None)
                        del cloud.lingering[ref]
            found = [r for ref, r in cloud.records.items() if ref.kind == kind]
        yield from found

    def read(self):
        """Return the record as it is; only of what there never was nothing is noted."""
        if self.resource.ref in self.cloud.ever | self.cloud.records.keys():
            self.cloud.log.append(("read", self.id()))
        return self.cloud.records.get(self.resource.ref)

    def delete(self):
        """Remove the record, now or after some listings."""
        if self.cloud.trouble[self.id()]:
            raise self.cloud.trouble[self.id()].pop(0)
        self.cloud.log.append(("delete", self.id()))
        if self.resource.ref in self.cloud.lingering:
            return
        with self.cloud.lock:
            self.cloud.records.pop(self.resource.ref, None)


def make_managers():
    """Return a manager class for each kind of the sample."""
    return {
        name: type(f"{name}-manager", (FakeManager,), {"KIND": kind})
        for name, kind in sample.KINDS.items()
    }


def conflict(text="in use"):
    """Return what a service says when something is in the way."""
    return exceptions.Conflict("network", "DELETE", "/x", 409, text)


class Watcher:
    """A progress that remembers."""

    def __init__(self):
        """Have seen nothing."""
        self.seen = []

    def listing(self, kinds):
        """Remember the number of kinds."""
        self.seen.append(("listing", kinds))

    def listed(self, kind, count):
        """Remember the count of a kind."""
        self.seen.append((kind, count))

    def removing(self, steps):
        """Remember the number of steps."""
        self.seen.append(("removing", steps))

    def settled(self, ref: resources.Ref, outcome):
        """Remember what became of a resource."""
        self.seen.append((ref.id, str(outcome)))
