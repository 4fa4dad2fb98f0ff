"""`make golden` (--update-golden) writes the golden files anew; read the difference before it lands."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what steps look like now")
