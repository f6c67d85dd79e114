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
"""What a list lacks is asked for, and a list that lacks what is there is not believed."""

import datetime

import pytest

from cleanupd import exceptions
from cleanupd.core import resources
from cleanupd.engine import observer
from tests.unit.core import sample
from tests.unit.engine import fakes

SERVER = sample.record("compute.server", "srv", status="ACTIVE")
PORT = sample.record(
    "network.port", "p1", edges=(resources.created_for(sample.ref("compute.server", "srv")),)
)


@pytest.fixture
def cloud():
    """Give a cloud with a server and its port."""
    return fakes.FakeCloud().add(SERVER, PORT)


def observe(cloud, lists, **how):
    """Return what an observer sees whose listings of servers are these, one after the other."""
    managers = fakes.make_managers()

    def list_servers(cls, cloud, listings):
        yield from lists.pop(0)

    managers["compute.server"] = type(
        "servers", (managers["compute.server"],), {"list": classmethod(list_servers)}
    )
    return observer.Observer(cloud, managers, lambda: sample.NOW).observe(**how)


def why(cloud, lists, **how):
    """Return why servers are not believed."""
    return observe(cloud, lists, **how).trust["compute.server"].reason


def test_a_list_that_lacks_what_is_there_is_not_believed(cloud):
    """It lacks it when it is asked for again, too."""
    assert why(cloud, [[], []]) == "its list lacks srv, which is there"


def test_the_next_list_may_be_whole(cloud):
    """It takes the place of the first one."""
    snapshot = observe(cloud, [[], [SERVER]])
    assert snapshot.trust["compute.server"].is_fresh
    assert snapshot.get(SERVER.ref) == SERVER


def test_what_is_gone_is_in_no_list(cloud):
    """That something still names it says nothing."""
    del cloud.records[SERVER.ref]
    assert why(cloud, [[]]) is None


@pytest.mark.parametrize("status", ["DELETING", "SOFT_DELETED"])
def test_what_is_on_its_way_out_need_be_in_no_list(cloud, status):
    """Nova lists no server that it may call back."""
    cloud.change(SERVER.ref, status=status)
    assert why(cloud, [[]]) is None


def test_what_is_new_need_be_in_no_list(cloud):
    """It was made since the list was asked for."""
    cloud.change(SERVER.ref, created_at=sample.NOW + datetime.timedelta(seconds=1))
    assert why(cloud, [[]]) is None


def test_what_cannot_be_asked_for_is_a_doubt(cloud):
    """Then the list is not believed."""

    def read(self):
        raise exceptions.ServiceUnreachable("compute", "no route")

    managers = fakes.make_managers()
    managers["compute.server"] = type(
        "servers",
        (managers["compute.server"],),
        {"list": classmethod(lambda *_: iter(())), "read": read},
    )
    found = observer.Observer(cloud, managers, lambda: sample.NOW).observe()
    assert "cannot be asked for" in found.trust["compute.server"].reason


def test_what_was_known_before_is_asked_for(cloud):
    """Whoever knew more believes no list that lacks it."""
    del cloud.records[PORT.ref]
    assert why(cloud, [[]]) is None
    assert why(cloud, [[], []], before=sample.snapshot(SERVER))
    assert why(cloud, [[], []], seen=[SERVER.ref])


def test_what_was_known_before_is_not_new(cloud):
    """Whatever its date says: clocks differ."""
    new = sample.NOW + datetime.timedelta(seconds=1)
    cloud.change(SERVER.ref, created_at=new)
    assert why(cloud, [[], []], before=sample.snapshot(SERVER))


def test_a_list_that_was_doubted_anyway_keeps_its_reason(cloud):
    """Who may not see all is told that."""
    cloud.blindness = "the token lacks the role admin"
    assert why(cloud, [[], []]) == "the token lacks the role admin"
