"""TCX and GPX: tracks as XML, from devices and services that write no FIT."""
