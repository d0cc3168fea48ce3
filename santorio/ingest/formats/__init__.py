"""File formats that many programs write: FIT, GPX, TCX, ZIP archives, large JSON."""
