"""A study's report: one page that fetches nothing, runs nothing, and says everything in order."""

import base64
import datetime as dt
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from defusedxml import ElementTree
from typer.testing import CliRunner

from santorio.cli.main import app
from santorio.rendering.report import CENT_ITEMS
from santorio.studies.analysis import analyse_study
from santorio.studies.report import report_of
from support.studies import days, write_study

MADE_AT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NASTY = "<script>alert('arm')</script>"


class Reader(HTMLParser):
    """Tags, text and where things would be fetched from."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources, self.text, self.open = [], [], [], []
        self.styled = False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.styled = tag == "style"
        if tag not in {"meta", "img"}:
            self.open.append(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag):
        self.styled = False
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not self.styled:
            self.text.append(data)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(1)
    arm = rng.permutation(np.repeat(["control", NASTY, "wine"], 14))
    outcome = 50 + 4 * rng.normal(size=42) + 8 * (arm == NASTY)
    return write_study(
        tmp_path_factory.mktemp("study"),
        {"day": days(42), "arm": arm, "outcome": outcome, "sleep": 7 + rng.normal(size=42)},
        title="Tea & <b>wine</b>", question="Which is it?", reference="control",
        outcomes=[
            {"column": "outcome", "label": "mood", "unit": "points", "direction": "higher", "smallest_effect": 2},
            {"column": "sleep", "unit": "hours"},
        ],
        report={"decided_before": "All of it.", "harms": "None was noticed.", "funding": "Nobody."},
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(path):
    return report_of(analyse_study(path), MADE_AT)


@pytest.fixture(scope="module")
def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_fetches_nothing_and_runs_nothing(page, read):
    assert "script" not in read.tags
    assert all(source.startswith("data:image/svg+xml;base64,") for source in read.sources)
    assert "http://" not in re.sub(r"base64,[\w+/=]+", "", page)
    assert "Content-Security-Policy" in page


def test_what_comes_from_the_data_is_text(page, read):
    text = " ".join(read.text)
    assert "Tea & <b>wine</b>" in text
    assert NASTY in text
    assert NASTY not in page


def test_question_and_answer_come_first(read):
    text = " ".join(" ".join(read.text).split())
    places = [
        text.index(part)
        for part in (
            "Which is it?",
            f"“{NASTY}” raised mood",
            "Every day",
            "The effect of",
            "does it repeat?",
            "rows as they are",
            "Checks and warnings",
            "Decided before, and after",
            "The items of CENT 2015",
            "Inputs and versions",
        )
    ]
    assert places == sorted(places)
    assert "All of it." in text
    assert "None was noticed." in text


def test_all_items_of_cent_are_there_in_their_order(page):
    section = page[page.index("The items of CENT 2015") :]
    assert re.findall(r"<tr><td>(\d+[abc]?)</td>", section) == [item for item, _ in CENT_ITEMS]
    assert [int(re.match(r"\d+", item)[0]) for item, _ in CENT_ITEMS] == sorted(
        int(re.match(r"\d+", item)[0]) for item, _ in CENT_ITEMS
    )
    assert {int(re.match(r"\d+", item)[0]) for item, _ in CENT_ITEMS} == set(range(1, 26))
    assert "Not stated." in section


def test_pictures_are_drawings_with_words_beside_them(page, read):
    images = [base64.b64decode(source.split(",", 1)[1]) for source in read.sources]
    # Rows, and for each of two arms the posterior and its cycles.
    assert len(images) == 5
    for image in images:
        assert ElementTree.fromstring(image).tag == "{http://www.w3.org/2000/svg}svg"
    alternatives = re.findall(r'<img alt="([^"]+)"', page)
    assert len(alternatives) == 5
    assert all(len(text) > 40 for text in alternatives)


def test_hashes_and_versions_are_named(page, path):
    import hashlib

    for name in ("study.yaml", "data.csv"):
        assert hashlib.sha256((path.parent / name).read_bytes()).hexdigest() in page
    assert "numpy" in page


def test_the_same_study_gives_the_same_page(page, path):
    assert report_of(analyse_study(path), MADE_AT) == page


def test_several_cases_are_drawn_beside_each_other(tmp_path):
    rng = np.random.default_rng(2)
    arm = np.tile(np.repeat(["A", "B"], 6), 4)
    data = {"who": np.repeat(["Ann", "Ben"], 24), "day": np.tile(np.arange(24), 2), "arm": arm}
    data["outcome"] = rng.normal(size=48) + 3 * (arm == "B")
    columns = {"day": "day", "arm": "arm", "case": "who"}
    page = report_of(
        analyse_study(write_study(tmp_path, data, columns=columns, design={"scheme": "phases"})), MADE_AT
    )
    assert "each case" in page
    assert "a series of single-case comparisons" in page
    assert "none possible" in page


def test_the_command_writes_the_report_and_says_where(path, tmp_path):
    done = CliRunner().invoke(app, ["study", "analyse", str(path), "--report", str(tmp_path / "report.html")])
    assert done.exit_code == 0
    assert "open it in a browser" in done.output
    assert "The items of CENT 2015" in (tmp_path / "report.html").read_text()
    refused = CliRunner().invoke(
        app, ["study", "analyse", str(path), "--report", str(tmp_path / "no" / "x.html")]
    )
    assert "its folder is not there" in str(refused.exception)
