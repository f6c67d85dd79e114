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

"""The journal in the databases that several daemons share."""

import gc
import threading
import uuid
import warnings

import pytest
import sqlalchemy as sa

from cleanupd import exceptions
from cleanupd.journal import database
from cleanupd.journal import places
from cleanupd.journal import sql
from tests.functional.journal import servers
from tests.unit.journal import epochs
from tests.unit.journal import suite

pytestmark = [
    pytest.mark.functional,
    # What drivers leave of connections that broke.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

OPTIONS = {"max_retries": 1, "retry_interval": 0, "db_max_retries": 20, "db_retry_interval": 1}


@pytest.fixture(scope="session", params=sorted(servers.SERVERS))
def server(request):
    """Give a server of each sort that is installed."""
    chosen = servers.SERVERS[request.param]
    if servers.find(chosen.program) is None:
        pytest.skip(f"{chosen.program} is not installed: apt install {chosen.packages}")
    with servers.running(request.param) as started:
        yield started


@pytest.fixture
def place(server):
    """Give a place in a database of its own, which is empty."""
    name = f"d{uuid.uuid4().hex}"
    run_alone(server, f"CREATE DATABASE {name}")
    return places.Place(url=server.url(name), options=OPTIONS, upgrade="cleanupctl db upgrade")


@pytest.fixture
def unsteady(server):
    """Give a server that a test may kill."""
    yield server
    # What drivers leave of connections that broke is the garbage collector's.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def run_alone(server, statement):
    """Run a statement when the server is ready, outside of any transaction."""
    engine = sa.create_engine(server.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    for _ in range(300):
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        except sa.exc.OperationalError:
            threading.Event().wait(0.1)
        else:
            return
    raise TimeoutError


class TestServers(suite.JournalSuite):
    """All that the suite says."""


class TestEpochs(epochs.EpochSuite):
    """All that the suite says of executors."""


def test_an_empty_database_is_refused(place):
    """Whoever has a server makes the tables when all daemons are ready for them."""
    with pytest.raises(exceptions.JournalFailed, match="run `cleanupctl db upgrade`"):
        sql.Journal(place).sweeps()
    assert database.Database(place).revision() is None


def test_a_server_that_comes_back_is_waited_for(place, unsteady):
    """What was to be written is written then, and not before."""
    database.Database(place).upgrade()
    journal = sql.Journal(place)
    journal.save(suite.make_sweep("a"))
    with journal.events("a") as log:
        unsteady.stop()
        back = threading.Timer(2, unsteady.start)
        back.start()
        log.append(suite.make_event("remove", "n"))
    back.join()
    assert [event.ref.id for event in journal.read_events("a")] == ["n"]


def test_a_server_that_stays_away_is_an_error(place, unsteady):
    """So that nothing is removed that nobody wrote down; the message has no password."""
    database.Database(place).upgrade()
    options = OPTIONS | {"db_max_retries": 0}
    journal = sql.Journal(places.Place(url=place.url, options=options))
    journal.save(suite.make_sweep("a"))
    with journal.events("a") as log:
        unsteady.stop()
        try:
            with pytest.raises(exceptions.JournalFailed):
                log.append(suite.make_event("remove", "n"))
        finally:
            unsteady.start()
    run_alone(unsteady, "SELECT 1")
    assert journal.read_events("a") == ()
