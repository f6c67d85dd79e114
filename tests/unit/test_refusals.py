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
"""What keystoneauth raises, in our own words."""

import pytest

from cleanupd import exceptions
from cleanupd import refusals


def make_call(failures: int) -> object:
    """Return a call whose token is thrown away meanwhile, so often."""
    left = iter(range(failures))

    def call() -> str:
        if next(left, None) is not None:
            raise AssertionError
        return "answer"

    return call


def test_a_token_that_another_thread_throws_away_is_fetched_again() -> None:
    """Half of all answers being 401, keystoneauth asserts now and then that it has one."""
    assert refusals.with_token(make_call(3)) == "answer"  # type: ignore[arg-type]


def test_tokens_that_are_always_thrown_away_are_an_error() -> None:
    """Nothing is tried for ever."""
    with (
        pytest.raises(exceptions.AuthenticationFailed, match="10 tokens"),
        refusals.translated("compute", "cloud", "url"),
    ):
        refusals.with_token(make_call(1000))  # type: ignore[arg-type]
