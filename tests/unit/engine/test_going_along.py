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
"""Tests of what goes along with the resource that it was made for."""

import time

import msgspec
import pytest

from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests.unit.core import sample
from tests.unit.core.sample import made_for
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes
from tests.unit.engine.stage import SETTINGS
from tests.unit.engine.stage import WORKLOAD
from tests.unit.engine.stage import outcomes
from tests.unit.engine.stage import run

PORT = sample.ref("network.port", "own")


@pytest.fixture
def along(cloud, tmp_path):
    """Give an engine for the cloud, and what goes along with the server."""
    taken = [PORT]
    managers = fakes.make_managers()

    class Servers(managers["compute.server"]):
        """Servers that take along what they are told to."""

        def delete(self):
            """Remove the server and what goes along."""
            super().delete()
            for ref in taken:
                cloud.records.pop(ref, None)

    managers["compute.server"] = Servers
    cloud.add(
        record("network.port", "own", project_id="p", edges=(made_for("compute.server", "srv"),))
    )
    return sweep.Engine(
        cloud, managers, sql.Journal(places.in_directory(tmp_path)), SETTINGS
    ), taken


def test_what_went_along_is_not_asked_for(along, cloud):
    """A listing of its kind shows that it is gone; it is neither read nor removed."""
    engine, _ = along
    done = run(engine)
    assert outcomes(done)["own"] == "gone"
    assert done.certificate.is_clean
    assert "own" not in {id_ for _, id_ in cloud.log}


def test_what_stayed_behind_is_removed(along, cloud):
    """What the listing still has is read and removed like everything else."""
    engine, taken = along
    taken.clear()
    assert outcomes(run(engine))["own"] == "removed"
    assert ("read", "own") in cloud.log
    assert PORT not in cloud.records


def test_a_listing_that_fails_shows_nothing(along, cloud):
    """Then it is asked for by itself."""
    engine, _ = along
    plan = engine.plan(engine.observe(), sweep.Target(is_everything=True))
    cloud.broken["network.port"] = fakes.conflict()
    assert outcomes(engine.execute(plan))["own"] == "gone"
    assert ("read", "own") in cloud.log


def sweep_with_a_busy_service(cloud, tmp_path, *, poll_s, delete_s):
    """Have a server vanish while twenty flavors are removed, one by one, and return the log."""
    managers = fakes.make_managers()
    server, flavor = managers["compute.server"], managers["compute.flavor"]
    list_servers, delete_flavor = server.list, flavor.delete

    def list_(cloud, listings):
        cloud.log.append(("list", "servers"))
        return list_servers(cloud, listings)

    def delete(self):
        time.sleep(delete_s)
        delete_flavor(self)

    server.list, flavor.delete = list_, delete
    cloud.add(*(record("compute.flavor", f"n{n}", name=name(f"n{n}")) for n in range(20)))
    cloud.lingering[sample.ref("compute.server", "srv")] = 2
    limits = msgspec.structs.replace(SETTINGS.limits, workers=1, poll_s=poll_s)
    settings = msgspec.structs.replace(SETTINGS, limits=limits)
    engine = sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), settings)
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.log.clear()
    assert engine.execute(plan).certificate.is_clean
    return cloud.log


def test_a_service_that_is_busy_is_not_asked_for_listings(cloud, tmp_path):
    """What vanishes is looked for when the service has soon nothing more to remove."""
    log = sweep_with_a_busy_service(cloud, tmp_path, poll_s=0.5, delete_s=0.0)
    listed = log.index(("list", "servers"))
    assert all(log.index(("delete", f"n{n}")) < listed for n in range(20))


def test_a_service_that_is_busy_for_long_is_asked_now_and_then(cloud, tmp_path):
    """What waits for what has vanished need not wait for all else."""
    log = sweep_with_a_busy_service(cloud, tmp_path, poll_s=0.01, delete_s=0.03)
    listed = log.index(("list", "servers"))
    assert any(log.index(("delete", f"n{n}")) > listed for n in range(20))
