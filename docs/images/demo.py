"""Draw `demo.svg`: what `santorio demo` ends with, from the data directory of `make demo`.

SANTORIO_HOME=/tmp/demo santorio demo && SANTORIO_HOME=/tmp/demo python docs/images/demo.py
"""

import datetime as dt
import json
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT

from santorio.cli import demo
from santorio.cli.console import console
from santorio.people import ensure_person
from santorio.settings import load_settings
from santorio.simulator import simulate
from santorio.storage.database.connect import open_database

FILE = Path(__file__).with_suffix(".svg")
DAYS, WIDTH = 180, 110
# The reader's own font: Rich's would be fetched from a server.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def main() -> None:
    """Draw the figure."""
    settings = load_settings()
    noted = (settings.home / "simulated" / f"last_day_{DAYS}.json").read_text()
    last_day = dt.date.fromisoformat(json.loads(noted))
    truth = simulate(days=DAYS, seed=demo.SEED, last_day=last_day, timezone=demo.TIMEZONE).truth
    console.record, console.width = True, WIDTH
    with open_database(settings) as database:
        with database.connect() as connection:
            person = ensure_person(connection, demo.PERSON, demo.TIMEZONE)
        demo.print_summary(demo.read_summary(database, person, truth), settings)
    picture = console.export_svg(title="make demo", code_format=FORMAT)
    FILE.write_text(picture.replace(str(settings.home), ".santorio"))


if __name__ == "__main__":
    main()
