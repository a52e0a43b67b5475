"""A process that shows pages has imported what reads and draws before the first one."""

import subprocess
import sys

SCRIPT = f"""
import sys
sys.path[:0] = {sys.path!r}
from kindred.page.app import make_app, warm_up_later

HEAVY = ("kindred.page.views", "kindred.reports.report", "psycopg2", "vl_convert", "numpy")
make_app(lambda: "user", None)
timer = warm_up_later(lambda: print("more"), seconds=0.2)
print(timer.daemon, [name for name in HEAVY if name in sys.modules])
timer.join()
print([name for name in HEAVY if name not in sys.modules])
"""


def test_the_app_is_made_without_them_and_a_thread_imports_them_later():
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split("\n") == ["True []", "more", "[]", ""]
    assert found.stderr == ""
