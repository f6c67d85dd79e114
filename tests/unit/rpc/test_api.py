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

"""What crosses the bus."""

import json

import pytest

from cleanupd import exceptions
from cleanupd.rpc import api
from tests.unit.core import sample
from tests.unit.rpc import answers


@pytest.mark.parametrize(
    "value",
    [
        answers.PLAN,
        answers.SWEEP,
        answers.CERTIFICATE,
        answers.STATUS,
        answers.JUDGEMENT,
        api.model_state(answers.SNAPSHOT),
        api.leaks(answers.SNAPSHOT, answers.JUDGEMENT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_arrive_as_they_were(value):
    """Through JSON and back, a value is equal to itself."""
    plain = json.loads(json.dumps(api.pack(value)))
    assert api.unpack(plain, type(value)) == value


def test_what_has_another_shape_is_refused():
    """Nothing is made of an answer that lacks fields."""
    with pytest.raises(exceptions.Refused, match=r"no Sweep of API 1\.4"):
        api.unpack({"id": "x"}, type(answers.SWEEP))


@pytest.mark.parametrize(
    "error",
    [
        exceptions.Refused("no"),
        exceptions.UnknownSweep("x", "/place"),
        exceptions.InvalidOwnerId("x"),
        exceptions.UnknownCloud("x", ("a", "b"), ("f",)),
        exceptions.Conflict("network", "DELETE", "/x", 409, "in use"),
        exceptions.UnknownKind("x", ["a"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_arrive_as_they_were(error):
    """Class, text and fields are the same on the other side."""
    plain = json.loads(json.dumps(api.pack_error(error)))
    with pytest.raises(type(error)) as caught:
        api.raise_error(plain)
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert api.pack(vars(caught.value)) == api.pack(vars(error))


@pytest.mark.parametrize("name", ["NoSuchError", "CleanupdError", "__doc__"])
def test_an_unknown_error_is_one_of_ours_all_the_same(name):
    """A class that this side does not have becomes the root, with the text."""
    with pytest.raises(exceptions.CleanupdError, match=r"^text$") as caught:
        api.raise_error({"error": name, "message": "text", "fields": {}})
    assert type(caught.value) is exceptions.CleanupdError


def test_an_answer_is_no_error():
    """What has no error in it raises nothing."""
    api.raise_error(api.pack(answers.SWEEP))
    api.raise_error("1.0")


def test_a_field_that_has_no_json_is_told_as_text():
    """An exception of a cloud may carry anything."""
    error = exceptions.CleanupdError("text")
    error.thing = object
    assert api.pack_error(error)["fields"] == {"thing": "<class 'object'>"}


def test_the_model_is_told_without_its_resources():
    """Counts and trust by kind, the kinds that were not listed too."""
    state = api.model_state(answers.SNAPSHOT)
    kinds = {kind.kind: kind for kind in state.kinds}
    assert kinds["network.network"].count == 1
    assert kinds["network.network"].doubt is None
    assert kinds["compute.keypair"].count == 0
    assert kinds["compute.keypair"].doubt == "503"
    assert state.unseen == ("service x",)
    assert state.taken_at == sample.NOW


def test_leaks_come_with_their_doubts():
    """What was not listed is said beside the verdicts."""
    told = api.leaks(answers.SNAPSHOT, answers.JUDGEMENT)
    assert told.doubts == ("compute.keypair was not listed: 503",)
