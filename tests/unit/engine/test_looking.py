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

"""What is wrong with a query is told before anything is listed."""

import pytest

from cleanupd import exceptions
from cleanupd.core import lookup
from cleanupd.engine import looking
from tests.unit.core import sample
from tests.unit.service import stage


@pytest.fixture
def engine(tmp_path):
    """Give an engine."""
    return stage.make_engine(stage.make_cloud(), tmp_path)


def test_a_workload_leaves_a_part_in_names(engine):
    """The characters that names begin with after their prefix."""
    query = lookup.Query(kind="compute.server", workload=stage.WORKLOAD)
    assert sample.PART in looking.find_parts(engine, query)


def test_without_a_workload_there_is_no_part(engine):
    """Whatever else is asked for."""
    assert not looking.find_parts(engine, lookup.Query(kind="compute.server", host="cmp1"))


def test_an_unknown_kind_is_refused(engine):
    """A service is no kind."""
    for kind in ("compute", "compute.toaster"):
        with pytest.raises(exceptions.UnknownKind, match=r"compute\.server"):
            looking.find_parts(engine, lookup.Query(kind=kind))


def test_what_is_no_uuid_is_refused(engine):
    """The part alone could be any workload's."""
    with pytest.raises(exceptions.InvalidOwnerId):
        looking.find_parts(engine, lookup.Query(kind="compute.server", workload=sample.PART))
