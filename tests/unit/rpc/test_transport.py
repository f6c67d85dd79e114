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

"""How the bus is found, and how it is told when it is not there."""

import socket

import oslo_messaging
import pytest

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.rpc import api
from cleanupd.rpc import transport


def options(url):
    """Return options with this transport_url."""
    conf = loading.load([], files=[])
    transport.register_opts(conf)
    conf.set_override("transport_url", url)
    return conf


@pytest.fixture
def broker():
    """Give the port of something that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def nobody():
    """Give a port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_broker_that_is_there_is_enough(broker):
    """Whether it lets us in is its own business."""
    transport.check_reachable(options(f"rabbit://a:b@127.0.0.1:{broker}/"))


def test_one_broker_of_several_is_enough(broker, nobody):
    """A cluster is there as long as one of its members is."""
    url = f"rabbit://a:b@127.0.0.1:{nobody},a:b@127.0.0.1:{broker}/"
    transport.check_reachable(options(url))


def test_a_broker_that_is_not_there_is_told(nobody):
    """With its address, without the password."""
    with pytest.raises(exceptions.BusUnreachable, match=f"127.0.0.1:{nobody}: ") as caught:
        transport.check_reachable(options(f"rabbit://a:hush@127.0.0.1:{nobody}/"))
    assert "hush" not in str(caught.value)


def test_a_bus_without_an_address_is_not_looked_for():
    """There is none to a bus in memory."""
    transport.check_reachable(options("fake://"))


@pytest.mark.parametrize("url", ["pigeon://a:b@here/", "rabbit://a:b@here:port/"])
def test_an_address_that_makes_no_sense_is_refused(url):
    """In one line that names the option."""
    with pytest.raises(
        exceptions.InvalidOptions, match=r"^transport_url cannot be used"
    ) as caught:
        transport.get_transport(options(url))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [oslo_messaging.MessageDeliveryFailure("no\nway"), OSError("no way"), KeyError("no way")],
    ids=lambda error: type(error).__name__,
)
def test_what_the_drivers_raise_is_told_in_one_line(error):
    """Each of them has exceptions of its own."""
    with pytest.raises(exceptions.BusUnreachable, match="no way"), transport.translated():
        raise error


def test_our_own_errors_pass_through():
    """What is told well already is not told again."""
    with pytest.raises(exceptions.Refused), transport.translated():
        raise exceptions.Refused("no")


class Old:
    """The endpoint of a daemon of an earlier version."""

    target = oslo_messaging.Target(version="1.1")

    def ping(self, context):
        """Return the version."""
        del context
        return "1.1"


@pytest.fixture
def old_daemon():
    """Run such a daemon on a bus in memory, and give options that lead to it."""
    conf = options("fake://")
    conf.set_override("rpc_response_timeout", 5)
    target = oslo_messaging.Target(topic="old", server="here")
    running = oslo_messaging.get_rpc_server(transport.get_transport(conf), target, [Old()])
    running.start()
    yield conf
    running.stop()
    running.wait()


@pytest.mark.filterwarnings("ignore:Using the 'executor' argument:DeprecationWarning")
def test_an_older_daemon_is_told_with_both_versions(old_daemon):
    """And what to do, instead of what oslo.messaging raises."""
    asking = transport.connect(old_daemon, api.Address(topic="old"))
    with pytest.raises(exceptions.Refused) as caught:
        asking.sweeps()
    assert str(caught.value).startswith(
        f"the request is of API {api.VERSION} and the daemon speaks 1.1: upgrade cleanupd"
    )
