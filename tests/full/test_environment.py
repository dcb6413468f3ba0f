"""The full suite measures with the real tools: a server with the row-security fixes, and the tokeniser named in the docs."""

from __future__ import annotations

import os

from tests.pg.server import Server
from tests.tools.count_tokens import count_tokens


def test_server_is_the_systems_and_can_be_an_oracle(pg: Server) -> None:
    assert os.environ.get("LIQ_TEST_PG_BIN"), "run this suite with `make test-full`"
    assert pg.row_security_is_fixed, pg.version


def test_tokens_are_cl100k() -> None:
    assert count_tokens(["", "hello world", "select * from tickets"]) == [0, 2, 4]
