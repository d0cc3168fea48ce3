"""The simulated life in the shapes of Garmin Connect's payloads: a function each.

| module | tells |
|---|---|
| `days` | a day's own payloads together, whole or so far |
| `summary`, `samples`, `wellness` | the daily summary; heart rate, stress; breath, oxygen, steps, floors, minutes |
| `impacts` | what charged and drained the body battery |
| `sleep`, `naps` | the night, and heart rate variability; sleep by day |
| `fitness`, `thresholds` | load, status, readiness, predictions; lactate threshold, power, zones, fitness age |
| `activities`, `sessions`, `fit` | the list of sessions; one in full: samples, laps, weather, sets; its file |
| `ranges`, `weeks` | steps of many days, weigh-ins; series of one number a day or a week |
| `pressure`, `intake`, `lifestyle`, `cycle` | entered by hand: blood pressure, food and drink, habits, the cycle |
| `person` | settings and devices |

`until` is the instant (UTC epoch seconds) up to which Garmin was told.
"""
