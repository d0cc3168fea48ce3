"""Which worker runs which tests: a module stays in one process, and so does everything that samples a trial's model."""

from xdist.scheduler import LoadScopeScheduling

# Each process that samples a trial's model compiles it first, for ten seconds, and as long again for outcomes that are
# not Gaussian. One worker does so for all of these.
SAMPLED = (
    "tests/calibration/test_interval_coverage.py",
    "tests/real_data/test_melatonin_model.py",
    "tests/real_data/test_published_trials.py",
    "tests/santorio/stats/test_gaussian_model.py",
    "tests/santorio/stats/test_latent_model.py",
    "tests/santorio/stats/test_posterior_store.py",
    "tests/santorio/trials/analysis/",
    "tests/santorio/trials/report/",
)


class SampledTogether(LoadScopeScheduling):
    """Tests by module, those that sample as one."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(SAMPLED):
            return "sampled"
        return super()._split_scope(nodeid)
