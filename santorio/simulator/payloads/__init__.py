"""The simulated life in the shapes of Garmin Connect's payloads: a function each.

| module | payloads |
|---|---|
| `day` | a day's own payloads together, whole or so far |
| `summary`, `heart_rate_stress` | the daily summary; heart rate, stress |
| `wellness` | respiration, oxygen, steps, floors, minutes |
| `impacts` | what charged and drained the body battery |
| `sleep`, `naps` | the night, and heart rate variability; sleep by day |
| `fitness`, `thresholds` | load, status, readiness, predictions; lactate threshold, power, zones, fitness age |
| `activities`, `sessions`, `fit` | the list of sessions; a session in full: samples, laps, weather, sets; its file |
| `ranges`, `weeks` | steps of many days, weigh-ins; series with a number a day or a week |
| `pressure`, `intake`, `lifestyle`, `cycle` | entered by hand: blood pressure, food and drink, habits, the cycle |
| `account` | settings and devices |

`until` is the instant (UTC epoch seconds) up to which the watch was synced.
"""
