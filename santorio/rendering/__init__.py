"""Charts, HTML pages and text, for reports, pages and the terminal."""
