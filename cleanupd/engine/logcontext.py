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

"""Puts the id of a sweep into every log line that is written on its behalf.

oslo.log prints the request id of the context of the thread, in all of its
formats; the threads that work for a sweep take over the context of the
thread that runs it.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib

from oslo_context import context


@contextlib.contextmanager
def of_sweep(sweep_id: str) -> Iterator[None]:
    """Log under the id of a sweep within the block, in this thread."""
    previous = context.get_current()
    context.RequestContext(request_id=sweep_id, overwrite=True)
    try:
        yield
    finally:
        if previous is not None:
            previous.update_store()


def inherited() -> Callable[[], None]:
    """Return an initializer that gives a new thread the context of the present one."""
    current = context.get_current()
    return current.update_store if current is not None else lambda: None
