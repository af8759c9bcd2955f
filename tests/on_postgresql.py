"""A pytest plugin: the run's business database is a real PostgreSQL (``-p on_postgresql``).

It must be named on the command line, because Django reads its settings before any conftest is imported.
"""

import os

import postgres

if "JIANGCHENG_DATABASE_URL" not in os.environ:
    # Workers of a parallel run inherit both and share the one server.
    os.environ["JIANGCHENG_TEST_DATABASE_URL"] = postgres.server_url()
    os.environ["JIANGCHENG_DATABASE_URL"] = postgres.server_url()
