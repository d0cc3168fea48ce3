"""Load of a ride from its power."""


def intensity_factor(normalized_power_w: float, ftp_w: float) -> float:
    """Normalised power as a share of threshold power (Allen & Coggan 2010)."""
    return normalized_power_w / ftp_w


def training_stress_score(seconds: float, normalized_power_w: float, ftp_w: float) -> float:
    """Load of a ride, 100 for an hour at threshold power.

    seconds · NP · IF / (FTP · 3600) · 100 (Allen & Coggan 2010). `seconds` are those with power.
    """
    factor = intensity_factor(normalized_power_w, ftp_w)
    return seconds * normalized_power_w * factor / (ftp_w * 3600) * 100
