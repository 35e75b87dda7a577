"""The web server of the teachers' tests."""

from tests.teachers.conftest import release, web, web_server  # noqa: F401
