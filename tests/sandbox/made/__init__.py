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
"""How the kinds of the zero-leak table are made on a real cloud, a module for each service.

Each makes, for an ordinary user where the service lets him, what Rally would leave, with the name
that Rally would give it. Services are told by what openstacksdk has for them.
"""

import contextlib
import dataclasses
import secrets
import string
import typing

import openstack

Connection = openstack.connection.Connection


@dataclasses.dataclass
class World:
    """Who makes things, and what all have in common; `undo` removes what no sweep may."""

    admin: Connection
    demo: Connection
    production: Connection
    workload: str
    undo: contextlib.ExitStack
    shared: dict[str, typing.Any] = dataclasses.field(default_factory=dict)

    def name(self, separator: str = "_") -> str:
        """A name as a scenario of the workload gives it."""
        letters = string.ascii_lowercase + string.digits
        tail = "".join(secrets.choice(letters) for _ in range(8))
        return separator.join(("s", "rally", self.workload[:8], tail))


class Make(typing.Protocol):
    """Makes one of a kind with a name, as somebody, ready for use; its id is returned."""

    def __call__(self, world: World, person: Connection, name: str) -> str:
        """See the class."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of the table.

    `take` removes one by the administrator, at once, and suits what a test has to undo. What is
    the administrator's alone (`is_of_cloud`) has no twin in a foreign project.
    """

    kind: str
    make: Make
    take: typing.Callable[[World, str], None]
    separator: str = "_"
    is_of_cloud: bool = False
    is_made_again: bool = True
