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
"""The emulated cloud alone, for a person: ``python -m tests.emulator``."""

import argparse
import pathlib
import signal
import sys
import threading

from tests import emulator
from tests.emulator import scenes

DESCRIPTION = """\
Runs a small OpenStack cloud on this machine: Keystone, Nova, Neutron, Cinder and Glance speak
HTTP and remember what they are told, but nothing is ever booted or stored. Stops on Ctrl-C.
"""

EPILOGUE = """\
Try it:

  python -m tests.emulator --port 5999 --scene demo --clouds-yaml clouds.yaml &
  export OS_CLIENT_CONFIG_FILE=clouds.yaml
  openstack --os-cloud emulated server list --all-projects
  openstack --os-cloud emulated-member server list
  curl http://127.0.0.1:5999/emulator                     # what else can be asked
  curl http://127.0.0.1:5999/emulator/requests            # every request so far
  curl -d '{"path": "^/networking", "answer": 503}' http://127.0.0.1:5999/emulator/faults

Scenes:

  empty        an administrator, an external network, an image, two flavors
  production   the same and legitimate tenants with names that could deceive a cleaner
  killed       empty and what one killed benchmark left
  demo         production, a killed benchmark, a running one, and a production volume and
               address that hang on a benchmark's server

Users: admin in project admin (administrator) and demo in project demo (member); password secret.
"""

CLOUDS_YAML = """\
clouds:
{clouds}"""

CLOUD_YAML = """\
  {name}:
    auth:
      auth_url: {url}/identity
      username: {user}
      password: secret
      project_name: {user}
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    identity_api_version: 3
"""

SCENES = {
    "empty": scenes.ground,
    "production": scenes.legitimate_tenants,
    "killed": scenes.killed_benchmark,
    "demo": scenes.demo,
}


def clouds_yaml(url: str) -> str:
    """The text of a clouds.yaml with the clouds ``emulated`` and ``emulated-member``."""
    people = (("emulated", "admin"), ("emulated-member", "demo"))
    clouds = [CLOUD_YAML.format(name=name, url=url, user=user) for name, user in people]
    return CLOUDS_YAML.format(clouds="".join(clouds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulator",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=0, help="where to listen on 127.0.0.1; 0, the default: any"
    )
    parser.add_argument("--scene", choices=SCENES, default="demo", help="who lives there (demo)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same ids and names for the same seed (0)"
    )
    parser.add_argument(
        "--delete-delay",
        type=float,
        default=0.2,
        metavar="SECONDS",
        help="how long an asynchronous delete takes (0.2)",
    )
    parser.add_argument(
        "--clouds-yaml", type=pathlib.Path, metavar="FILE", help="write a clouds.yaml to this file"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; then 0."""
    options = _parser().parse_args(arguments)
    settings = emulator.Settings(delete_delay_s=options.delete_delay)
    cloud = emulator.Cloud(seed=options.seed, settings=settings)
    SCENES[options.scene](cloud)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with emulator.running(cloud, port=options.port) as url:
            if options.clouds_yaml:
                options.clouds_yaml.write_text(clouds_yaml(url), encoding="utf-8")
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"python -m tests.emulator: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
