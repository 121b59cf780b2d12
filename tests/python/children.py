"""Programs that a test runs in a process of their own, because what they show is how a process ends."""

import os
import subprocess
import sys
import textwrap


def run(program: str) -> str:
    """What a program prints; fails unless it ends with status 0 and nothing on stderr.

    Freed memory is overwritten at once, so that a program which reads what it no longer holds sees other numbers.
    """
    child = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"MALLOC_PERTURB_": "165"},
    )
    assert (child.returncode, child.stderr) == (0, ""), child.stderr
    return child.stdout
