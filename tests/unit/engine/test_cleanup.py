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

"""Rally's own words for a cleanup, tried with third-party classes."""

import pytest

from cleanupd import exceptions
from cleanupd.core import generators
from cleanupd.core import patterns
from cleanupd.engine import cleanup
from tests.unit.core import sample
from tests.unit.core.sample import record
from tests.unit.engine.stage import WORKLOAD
from tests.unit.engine.stage import outcomes


class ThirdParty(generators.Scenario):
    """A scenario of somebody else's, with names of its own."""

    RESOURCE_NAME_FORMAT = "acme-XXXXXXXX-XXXXXXXX"
    RESOURCE_NAME_SCOPE = patterns.Scope.CUSTOM


@pytest.fixture
def acme(cloud):
    """Add a resource of a third party's scenario."""
    return cloud.add(record("network.network", "acme", name="acme-5a3b1c22-abcdefgh"))


def test_cleanup_takes_what_classes_below_a_superclass_named(engine, acme):
    """A third party's class is discovered, and what others named is left."""
    done = cleanup.cleanup(engine, ["network"], ThirdParty, WORKLOAD)
    assert outcomes(done) == {"acme": "removed"}
    assert sample.ref("network.network", "net") in acme.records


def test_cleanup_of_scenarios_leaves_contexts(engine, acme):
    """With Scenario as superclass a context's project stays, and what is its alone."""
    done = cleanup.cleanup(engine, (), generators.Scenario, WORKLOAD)
    assert outcomes(done) == {"srv": "removed", "acme": "removed"}
    assert {left.ref.id for left in done.certificate.left} == {"net"}


def test_cleanup_of_plugins_takes_everything_of_the_task(engine, acme):
    """With Plugin as superclass all names of the workload count."""
    cleanup.cleanup(engine, (), generators.Plugin, WORKLOAD)
    assert [ref.id for ref in acme.records] == ["foreign"]


def test_cleanup_without_a_task_wants_the_clouds_name(engine, cloud):
    """Everything, live benchmarks too, is removed only on confirmation."""
    with pytest.raises(exceptions.Refused, match="confirm='sample'"):
        cleanup.cleanup(engine)
    assert cleanup.cleanup(engine, confirm="sample").certificate.is_clean
    assert [ref.id for ref in cloud.records] == ["foreign"]


def test_a_superclass_that_names_nothing_is_refused(engine):
    """A class without formats below it would remove nothing and look like success."""
    with pytest.raises(exceptions.Refused, match="names resources"):
        cleanup.SeekAndDestroy(engine, (), int, WORKLOAD)


def test_seek_only_plans(engine, cloud):
    """Seeking removes nothing."""
    seeker = cleanup.SeekAndDestroy(engine, ["compute.server"], generators.Scenario, WORKLOAD)
    assert [step.ref.id for step in seeker.seek().steps] == ["srv"]
    assert not cloud.log
