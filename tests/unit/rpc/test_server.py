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

"""What the daemon does with calls that it cannot trust."""

import logging
import typing

import pytest

from cleanupd import exceptions
from cleanupd.rpc import api
from cleanupd.rpc import server
from tests.unit.rpc import answers


@pytest.fixture
def daemon():
    """Give what the endpoint asks."""
    return answers.FakeClient()


@pytest.fixture
def endpoint(daemon):
    """Give the endpoint."""
    return server.Endpoint(daemon, daemon.status)


@pytest.mark.parametrize(
    "target",
    [
        None,
        "everything",
        [],
        {"tasks": "5a3b1c22"},
        {"workloads": [3]},
        {"idle_s": "now"},
        {"is_everything": "yes"},
        {"scopes": ["galaxy"]},
    ],
)
def test_a_target_of_another_shape_is_refused(endpoint, daemon, target):
    """The daemon is not asked at all."""
    with pytest.raises(exceptions.Refused, match="no Target"):
        api.raise_error(endpoint.sweep_start({}, target=target))
    assert not daemon.asked


def test_a_restriction_that_is_not_known_is_refused(endpoint, daemon):
    """A newer client may ask for less than this daemon would take."""
    with pytest.raises(exceptions.Refused, match="does not know only_on_sundays"):
        api.raise_error(endpoint.plan({}, target={"idle_s": 60, "only_on_sundays": True}))
    with pytest.raises(exceptions.Refused, match="does not know colour"):
        api.raise_error(endpoint.model_records({}, query={"kind": "a.b", "colour": "red"}))
    assert not daemon.asked


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("execute", {"plan_id": {"steps": []}}),
        ("execute", {"plan_id": "x", "confirm": True}),
        ("sweep_show", {"sweep_id": None}),
        ("sweep_cancel", {"sweep_id": ["x"]}),
        ("sweep_cancel", {"sweep_id": "x", "by": 7}),
        ("protection_add", {"wanted": {"ids": ["x"]}}),
        ("protection_add", {"wanted": {"reason": "r", "id": "x"}}),
        ("protection_remove", {"protection_id": 7}),
        ("sweep_start", {"target": {}, "is_dry_run": "no"}),
        ("leaks_list", {"target": {}, "is_fresh": 1}),
        ("plan", {"target": {"limits": [{"project_id": "p", "project": "p", "why": "so"}]}}),
        ("leaks_explain", {"target": {}, "kind": 7, "resource_id": "a"}),
        ("leaks_explain", {"target": {}, "kind": "a.b", "resource_id": None}),
        ("model_records", {"query": {}}),
        ("model_records", {"query": "compute.server"}),
        ("model_records", {"query": {"kind": "compute.server", "host": 7}}),
        ("model_records", {"query": {"kind": "compute.server", "limit": True}}),
        ("model_sync", {"services": "compute"}),
        ("model_sync", {"services": [None]}),
    ],
)
def test_an_argument_of_another_type_is_refused(endpoint, daemon, method, arguments):
    """Nothing is read into what is no text and no yes or no."""
    with pytest.raises(exceptions.Refused):
        api.raise_error(getattr(endpoint, method)({}, **arguments))
    assert not daemon.asked


def test_arguments_that_do_not_exist_are_no_way_in(endpoint, daemon, caplog):
    """The caller learns that it failed, the log learns why."""
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(exceptions.CleanupdError, match="the daemon failed at execute"),
    ):
        api.raise_error(endpoint.execute({}, plan_id="x", force=True))
    assert not daemon.asked
    assert "force" in caplog.text


def test_a_bug_does_not_tell_its_insides(endpoint, daemon, caplog):
    """The traceback stays in the log."""
    daemon.trouble = RuntimeError("the password is secret")
    answer = endpoint.model_show({})
    assert "secret" not in str(answer)
    assert "secret" in caplog.text
    with pytest.raises(exceptions.CleanupdError, match="see its log"):
        api.raise_error(answer)


@pytest.mark.parametrize("limit", [0, -1, server.MOST_RECORDS + 1])
def test_an_answer_that_fits_into_no_message_is_refused(endpoint, daemon, limit):
    """More resources than a broker carries are not even looked for."""
    with pytest.raises(exceptions.Refused, match="a daemon tells 1 to 10000 resources"):
        api.raise_error(endpoint.model_records({}, query={"kind": "a.b", "limit": limit}))
    assert not daemon.asked


@pytest.mark.parametrize(
    ("by", "told"),
    [(None, "somebody"), ("alice@ctl", "alice@ctl"), ("a\nb\x1b", "ab"), ("x" * 200, "x" * 100)],
)
def test_who_cancels_is_told_in_one_line(endpoint, daemon, by, told):
    """Whatever they call themselves."""
    del endpoint, daemon
    asked = []

    class Sweeps(answers.FakeClient):
        def cancel(self, sweep_id, *, by):
            asked.append((sweep_id, by))
            return answers.SWEEP

    server.Endpoint(Sweeps(), lambda: answers.STATUS).sweep_cancel({}, sweep_id="x", by=by)
    assert asked == [("x", f"{told} over the bus")]


class Incoming:
    """A message as oslo.messaging brings it."""

    ctxt: typing.ClassVar = {}
    client_timeout = None

    def __init__(self, **message):
        """Have the parts of a message."""
        self.message = {"args": {}} | message


def test_a_newer_client_is_refused_in_a_sentence(endpoint, daemon):
    """With both versions and what to do; it reaches no method."""
    told = server.Dispatcher(endpoint).dispatch(Incoming(version="1.99", method="sweep_list"))
    with pytest.raises(exceptions.Refused) as caught:
        api.raise_error(told)
    assert str(caught.value) == (
        f"the request is of API 1.99 and the daemon speaks {api.VERSION}: upgrade cleanupd where"
        " the daemon runs and restart it, or ask with the cleanupctl that was installed with it"
    )
    assert not daemon.asked


@pytest.mark.parametrize("version", ["2.0", "0.9", "1", "one", "1.x"])
def test_another_version_is_refused(endpoint, daemon, version):
    """An API that means something else, and what is no version."""
    told = server.Dispatcher(endpoint).dispatch(Incoming(version=version, method="sweep_list"))
    with pytest.raises(exceptions.Refused, match=f"is of API {version} and the daemon speaks"):
        api.raise_error(told)
    assert not daemon.asked


@pytest.mark.parametrize("version", ["1.0", "1.2", api.VERSION])
def test_an_older_client_is_answered(endpoint, daemon, version):
    """The API only grows."""
    server.Dispatcher(endpoint).dispatch(Incoming(version=version, method="sweep_list"))
    assert daemon.asked == [("sweeps",)]


@pytest.mark.parametrize("method", ["sweep_everything", "_daemon", "__init__", "target", None])
def test_what_is_no_method_is_refused_in_a_sentence(endpoint, daemon, method):
    """Nothing but the methods of the API is reached."""
    told = server.Dispatcher(endpoint).dispatch(Incoming(method=method))
    with pytest.raises(exceptions.Refused, match=f"has no method {method}"):
        api.raise_error(told)
    assert not daemon.asked
