"""The worker that docs/runs.md shows: it is woken, works, fails what it cannot do, and ends when it is told to."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import psycopg

page = pathlib.Path(__file__).parents[2] / "docs" / "runs.md"
program = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL).group(1)
worker = subprocess.Popen([sys.executable, "-c", program, "w1"], env={**os.environ, "PGUSER": os.environ["ORM_RUNNER"]})
with psycopg.connect(user=os.environ["ORM_ADMIN"], autocommit=True) as admin:
    time.sleep(1)
    for params in ['{"day": "2029-06-01"}', "{}"]:
        admin.execute("SELECT jobs.enqueue('report', 'pnl', %s, max_attempts => 1)", [params])
    ended = """SELECT status, coalesce(result ->> 'pages', error) FROM jobs.schedule_runs
               WHERE finished_at IS NOT NULL ORDER BY id"""
    until = time.monotonic() + 30
    while len(runs := admin.execute(ended).fetchall()) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    for status, said in runs:
        print(f"run {status} {said}")
worker.send_signal(signal.SIGTERM)
print(f"worker ended {worker.wait(30)}")
