"""The FIT reader under a coverage-guided fuzzer: nothing makes it crash, hang, or fill the memory."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SECONDS = 600
# What a file of this size may take, with the libraries themselves.
MAX_MIB = 1024


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_ten_minutes_of_fuzzing_find_no_crash_no_hang_and_no_unbounded_memory(
    tmp_path: Path,
) -> None:
    pytest.importorskip("atheris", reason="atheris is made for Linux alone")
    from support.fit_fuzzer import seeds

    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, data in seeds().items():
        (corpus / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "support.fit_fuzzer", str(corpus), f"-max_total_time={SECONDS}", "-max_len=4096",
         "-timeout=60", f"-rss_limit_mb={MAX_MIB}", f"-artifact_prefix={tmp_path}/", "-print_final_stats=1"],
        capture_output=True, text=True, errors="replace", check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    # The fast decoder's panics are caught, and say so on stderr: millions of lines.
    said = [line for line in done.stderr.splitlines() if "fitfast" not in line and "panicked" not in line]
    assert done.returncode == 0, "\n".join(said[-60:])
    tried = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    assert tried is not None
    assert int(tried[1]) > 1000
