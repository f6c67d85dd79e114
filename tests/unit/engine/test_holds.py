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

"""What on a resource itself speaks against its removal, in a sweep."""

import msgspec

from cleanupd.core import kinds
from cleanupd.engine import sweep
from tests.unit.core import sample
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes
from tests.unit.engine.stage import outcomes
from tests.unit.engine.stage import run

WORKLOAD = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"
LIFTED = frozenset({"image.image protected"})


def lifting(engine):
    """Return the engine with an option that lifts the protection of images."""
    return engine.rebuilt(msgspec.structs.replace(engine.settings, lifted=LIFTED))


def test_a_protected_image_is_kept_and_the_certificate_says_why(engine, cloud):
    """It is planned by nobody, and left with the reason."""
    cloud.add(record("image.image", "img", name=name("img"), holds=("protected",)))
    done = run(engine, workloads=(WORKLOAD,))
    assert "img" not in outcomes(done)
    [left] = [one for one in done.certificate.left if one.ref.id == "img"]
    assert left.reason == "it is protected; [image] remove_protected would lift that"


def test_with_the_option_it_goes(engine, cloud):
    """The settings of the engine say which holds keep nothing."""
    cloud.add(record("image.image", "img", name=name("img"), holds=("protected",)))
    done = run(lifting(engine), workloads=(WORKLOAD,))
    assert outcomes(done)["img"] == "removed"


def test_what_became_protected_since_the_plan_stays(engine, cloud):
    """Also with the option: the plan did not say that protection is lifted."""
    cloud.add(record("image.image", "img", name=name("img")))
    lifted = lifting(engine)
    plan = lifted.plan(lifted.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.change(sample.ref("image.image", "img"), holds=("protected",))
    done = lifted.execute(plan)
    assert outcomes(done)["img"] == "changed"
    reasons = {r.ref.id: r.reason for r in done.results}
    assert reasons["img"] == "since the plan it became protected"


def test_details_may_be_what_has_to_stay_the_same(engine, cloud):
    """An aggregate that got another host is another one to whoever uses it."""
    managers = fakes.make_managers()
    managers["image.image"].KIND = kinds.Kind(
        name="image.image", identity_fields=("details",), edges=()
    )
    cloud.add(record("image.image", "img", name=name("img"), details={"hosts": "a"}))
    other = sweep.Engine(cloud, managers, engine.journal, engine.settings)
    plan = other.plan(other.observe(), sweep.Target(workloads=(WORKLOAD,)))
    cloud.change(sample.ref("image.image", "img"), details={"hosts": "a, b"})
    reasons = {r.ref.id: r.reason for r in other.execute(plan).results}
    assert reasons["img"] == "its details changed since the plan: hosts a, now hosts a, b"
