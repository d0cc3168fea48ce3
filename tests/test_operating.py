"""The page on operating names what there is to set."""

import re
from pathlib import Path

import yaml

from santorio.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "operating.md").read_text()


def test_every_setting_is_explained_and_no_other():
    explained = set(re.findall(r"^\| `(SANTORIO_\w+)` \|", TEXT, re.MULTILINE))
    assert explained == {f"SANTORIO_{name.upper()}" for name in Settings.model_fields}


def test_every_secret_that_the_compose_file_wants_is_in_the_file_one_is_told_to_write():
    compose = yaml.safe_dump(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    wanted = set(re.findall(r"\$\{(\w+):\?", compose))
    assert wanted == set(re.findall(r"^(SANTORIO_\w+)=\$\(openssl", TEXT, re.MULTILINE))
