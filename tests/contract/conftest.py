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
"""The cloud under contract: the emulator or the sandbox, as ``--cloud`` says."""

from collections.abc import Iterator
import contextlib
import pathlib
import tomllib

from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3
import openstack
import pytest

from tests import emulator
from tests.contract import callers
from tests.emulator import scenes
from tests.emulator import services
from tests.sandbox import box

HERE = pathlib.Path(__file__).parent
SKIPS = HERE / "skips.toml"
EMULATED = pytest.StashKey[emulator.Cloud]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know ``--cloud``."""
    parser.addoption(
        "--cloud",
        choices=("emulator", "sandbox"),
        default="emulator",
        help="the cloud that the contract is tried on (emulator)",
    )


def _skips(config: pytest.Config) -> dict[str, str]:
    """The reasons by test id, for the cloud of this run."""
    listed: dict[str, dict[str, str]] = tomllib.loads(SKIPS.read_text(encoding="utf-8"))
    return listed.get(config.option.cloud, {})


def _is_whole(session: pytest.Session) -> bool:
    """Whether this is the whole suite, so that what it did not do, nobody does."""
    config = session.config
    chosen = config.option.keyword or config.option.markexpr or config.option.lf
    return not chosen and [pathlib.Path(word) for word in config.args] in (
        [HERE],
        [HERE.relative_to(config.rootpath)],
    )


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """What is listed is skipped for its reason; a reason for no test fails a whole run."""
    skips = _skips(session.config)
    mine = {item.nodeid.removeprefix("tests/contract/"): item for item in items}
    for test_id, reason in skips.items():
        if test_id in mine:
            mine[test_id].add_marker(pytest.mark.skip(reason=reason))
        elif _is_whole(session):
            raise pytest.UsageError(f"{SKIPS.name} names {test_id}, which is no test")
    for item in items:
        item.add_marker(pytest.mark.timeout(600))


def _unasked(cloud: emulator.Cloud) -> list[str]:
    routes = {
        (service.type, route.method, route.path)
        for service in services.ALL
        for route in service.routes
    }
    return [" ".join(route) for route in sorted(routes - cloud.asked)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A whole run on the emulator that left a route unasked has failed."""
    cloud = session.config.stash.get(EMULATED, None)
    if cloud is not None and _is_whole(session) and _unasked(cloud):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell how many tests were skipped, each for a listed reason, and which routes are bare."""
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.write_line(
        f"contract on {config.option.cloud}: {len(skipped)} skipped,"
        f" {len(_skips(config))} with a listed reason"
    )
    cloud = config.stash.get(EMULATED, None)
    if cloud is not None and _is_whole(terminalreporter._session):  # noqa: SLF001
        bare = _unasked(cloud)
        terminalreporter.write_line(f"routes of the emulator that no test asked: {len(bare)}")
        for route in bare:
            terminalreporter.write_line(f"  {route}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that skips itself has failed: reasons are listed, not thrown."""
    report = yield
    if report.skipped and item.nodeid.removeprefix("tests/contract/") not in _skips(item.config):
        report.outcome = "failed"
        report.longrepr = f"skipped without a reason in {SKIPS.name}: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def cloud_name(request: pytest.FixtureRequest) -> str:
    """``emulator`` or ``sandbox``: for a fixture that makes what only one cloud needs made."""
    return str(request.config.option.cloud)


@pytest.fixture(scope="session")
def admin_session(request: pytest.FixtureRequest, cloud_name: str) -> Iterator[sessions.Session]:
    """A session of the cloud's administrator."""
    if cloud_name == "sandbox":
        files = [box.read_environment()["OS_CLIENT_CONFIG_FILE"]]
        config = openstack.config.OpenStackConfig(config_files=files, load_envvars=False)
        yield config.get_one("admin").get_session()
        return
    # What is asynchronous stays it, and does not keep a thousand tests waiting.
    cloud = emulator.Cloud(settings=emulator.Settings(build_delay_s=0.03))
    scenes.ground(cloud)
    request.config.stash[EMULATED] = cloud
    with emulator.running(cloud) as url:
        auth = v3.Password(
            auth_url=f"{url}/identity/v3",
            username="admin",
            password=callers.PASSWORD,
            project_name="admin",
            user_domain_id="default",
            project_domain_id="default",
        )
        yield sessions.Session(auth)


@pytest.fixture(scope="session")
def admin_options(admin_session: sessions.Session, cloud_name: str) -> dict[str, str]:
    """How the administrator logs in, but for where to."""
    if cloud_name == "sandbox":
        files = [box.read_environment()["OS_CLIENT_CONFIG_FILE"]]
        config = openstack.config.OpenStackConfig(config_files=files, load_envvars=False)
        found: dict[str, str] = config.get_one("admin").config["auth"]
        return found
    return {
        "auth_url": admin_session.auth.auth_url,
        "username": "admin",
        "password": callers.PASSWORD,
        "user_domain_id": "default",
    }


@pytest.fixture(scope="session")
def people(admin_session: sessions.Session) -> Iterator[callers.People]:
    """Who asks."""
    admin = callers.administrator(admin_session)
    with contextlib.ExitStack() as undo:
        yield callers.settle(admin, admin_session.auth.auth_url, undo)


@pytest.fixture
def undo() -> Iterator[contextlib.ExitStack]:
    """Where a test says how to undo what it made; done in the reverse order."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def undo_module() -> Iterator[contextlib.ExitStack]:
    """As `undo`, for what all tests of a module share."""
    with contextlib.ExitStack() as stack:
        yield stack
