"""`santorio rotate-key`: replaces the master key."""

from santorio.cli.console import console
from santorio.privacy.key_rotation import rotate_master_key
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database


def rotate_key() -> None:
    """Replace the master key and encrypt everybody's keys with the new one."""
    settings = load_settings()
    with open_database(settings) as database:
        count = rotate_master_key(database, settings)
    console.print(
        f"The master key was replaced. People whose keys are encrypted with it: {count}.", highlight=False
    )
