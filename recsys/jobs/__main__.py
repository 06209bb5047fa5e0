"""The process of one job: `python -m recsys.jobs ID`, started by `recsys.jobs.processes` alone."""

import sys

from recsys.database.engine import open_store
from recsys.jobs.worker import work_on

if __name__ == "__main__":
    work_on(open_store(), sys.argv[1])
