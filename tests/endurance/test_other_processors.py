"""Tests that sample pass on other processors: a seed fixes a sampler's path on one kind of processor alone.

Fused multiply-adds and wider vectors round differently, and after some hundred steps a chain is elsewhere. Numba and
OpenBLAS are told to compile and to compute for another processor; this one must have its instructions.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite import binding

REPOSITORY = Path(__file__).parents[2]
# What fits a sampled model, or holds one against the exact engine.
SAMPLING_TESTS = (
    "tests/santorio/stats/test_gaussian_model.py",
    "tests/santorio/stats/test_latent_model.py",
    "tests/santorio/stats/test_exact_inference.py",
    "tests/santorio/analyses/effects/test_effects_model.py",
    "tests/santorio/analyses/effects/test_effects_pipeline.py",
    "tests/santorio/analyses/effects/test_measurement_error.py",
    "tests/santorio/trials/analysis/test_trial_pipeline.py",
    "tests/santorio/studies",
    "tests/real_data/test_melatonin_model.py",
)
# LLVM's name, a feature that this machine must have for it, and OpenBLAS' name.
PROCESSORS = [
    ("generic", "sse2", "Prescott"),
    ("nehalem", "sse4.2", "Nehalem"),
    ("haswell", "avx2", "Haswell"),
    ("skylake-avx512", "avx512f", "SkylakeX"),
]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("processor", "feature", "core_type"), PROCESSORS)
def test_what_samples_passes_on_another_processor(
    processor: str, feature: str, core_type: str, tmp_path: Path
) -> None:
    if not binding.get_host_cpu_features().get(feature):
        pytest.skip(f"this machine has no {feature}, and cannot stand in for {processor}")
    elsewhere = {
        "NUMBA_CPU_NAME": processor,
        # Else Numba adds the features of this machine to those that the name implies.
        "NUMBA_CPU_FEATURES": "",
        "OPENBLAS_CORETYPE": core_type,
        # What was compiled for this machine must not be found.
        "NUMBA_CACHE_DIR": str(tmp_path / "numba"),
        "PYTENSOR_FLAGS": f"base_compiledir={tmp_path / 'pytensor'}",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        *SAMPLING_TESTS,
    ]
    done = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **elsewhere}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
