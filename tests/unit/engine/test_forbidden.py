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

"""What the token may not remove."""

import msgspec

from cleanupd import exceptions
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine.stage import SETTINGS
from tests.unit.engine.stage import outcomes
from tests.unit.engine.stage import run

ALONE = msgspec.structs.replace(
    SETTINGS, limits=msgspec.structs.replace(SETTINGS.limits, workers=1)
)


def forbidden():
    """Return what a service says to a token that lacks a role."""
    return exceptions.Forbidden("network", "DELETE", "/x", 403, "not for you")


def ports(cloud, *ids):
    """Put ports of the benchmark into the cloud."""
    cloud.add(*(record("network.port", id_, name=name(), project_id="p") for id_ in ids))
    return ids


def test_what_a_token_may_not_remove_is_tried_once_for_a_kind(engine, cloud):
    """After the first 403 no other resource of the kind is asked for; the report says why."""
    ids = ports(cloud, "a", "b", "c")
    for id_ in (*ids, "prt"):
        cloud.trouble[id_] = [forbidden()]
    done = run(engine.rebuilt(ALONE))
    found = outcomes(done)
    assert sorted(found[id_] for id_ in (*ids, "prt")) == ["failed"] + ["not tried"] * 3
    reasons = [r.reason for r in done.results if r.outcome == "not tried" and r.ref.id in ids]
    assert all("may remove no network.port" in reason for reason in reasons)
    assert sum(len(left) for left in cloud.trouble.values()) == 3


def test_one_that_is_forbidden_does_not_stand_for_its_kind(engine, cloud):
    """Where the token may remove some of a kind, the others are tried."""
    ids = ports(cloud, "a", "b", "c")
    cloud.trouble["b"] = [forbidden()]
    found = outcomes(run(engine.rebuilt(ALONE)))
    assert [found[id_] for id_ in ids] == ["removed", "failed", "removed"]
