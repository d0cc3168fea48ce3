{#-
  What a body can have, and what is usual: metric → [lowest possible, highest possible, lowest likely, highest likely,
  unit, source of the bounds]. Beyond the possible a value is kept in its mart, flagged, and left out of the models; beyond the
  likely it is flagged and counts. The possible is set wide on purpose: what nobody ever had is an error of measuring,
  what few have is a person.
-#}
{% macro physiological_ranges() -%}
  {{ return({
    'sleep_minutes': [0, 1440, 120, 840, 'min', 'A day has 1440 min; usual nights after Ohayon et al. 2004, doi:10.1093/sleep/27.7.1255, widened.'],
    'deep_sleep_minutes': [0, 720, 0, 300, 'min', 'Half a day; deep sleep is 10 to 25 % of a night, Ohayon et al. 2004, doi:10.1093/sleep/27.7.1255, widened.'],
    'sleep_score': [0, 100, 10, 100, 'points', 'The scale of the score.'],
    'hrv_rmssd_ms': [1, 400, 5, 250, 'ms', 'Means of 19 to 75 ms over studies, Nunan et al. 2010, doi:10.1111/j.1540-8159.2010.02841.x, widened for the young and trained.'],
    'respiration_brpm': [3, 60, 7, 30, 'breaths per minute', '12 to 20 at rest in adults; beyond 60 only in the newborn.'],
    'spo2_pct': [50, 100, 80, 100, '%', 'Below 50 % a finger or wrist sensor measures nothing of use; 80 % is reached asleep at altitude.'],
    'resting_hr_bpm': [25, 150, 35, 110, 'beats per minute', 'Daily means of 92,457 people lay within 39.7 and 108.6, Quer et al. 2020, doi:10.1371/journal.pone.0227709; the lowest on record is 27, Guinness World Records 2005.'],
    'min_hr_bpm': [20, 150, 30, 110, 'beats per minute', 'As the resting rate, with the dips of a night below it.'],
    'max_hr_bpm': [40, 240, 60, 215, 'beats per minute', '208 less 0.7 a year of age, give or take 10: Tanaka et al. 2001, doi:10.1016/S0735-1097(00)01054-8.'],
    'stress_avg': [0, 100, 1, 90, 'points', 'The scale of the figure.'],
    'body_battery_high': [0, 100, 1, 100, 'points', 'The scale of the figure.'],
    'steps': [0, 300000, 0, 60000, 'steps', 'The most run in 24 h is 319.6 km (Sorokin 2022): about 300,000 steps.'],
    'distance_m': [0, 320000, 0, 100000, 'm', 'The most run in 24 h is 319.6 km (Sorokin 2022).'],
    'active_kcal': [0, 20000, 0, 6000, 'kcal', 'About 20,000 in a race of 24 h; 6,000 a day in the Tour de France, Saris et al. 1989, doi:10.1055/s-2007-1024951.'],
    'weight_kg': [20, 650, 35, 250, 'kg', 'The heaviest on record is 635 kg, Guinness World Records.'],
    'body_fat_pct': [2, 75, 4, 60, '%', 'Below 2 % nobody lives: essential fat is 2 to 5 % in men, American Council on Exercise.'],
    'body_water_pct': [20, 85, 35, 75, '%', 'Watson et al. 1980, doi:10.1093/ajcn/33.1.27: 45 to 65 %, widened by the error of a scale.'],
    'muscle_mass_kg': [5, 150, 15, 100, 'kg', 'Less than the weight; Janssen et al. 2000, doi:10.1152/jappl.2000.89.1.81: 14 to 60 kg of skeletal muscle, scales count more.'],
    'bone_mass_kg': [0.5, 10, 1, 6, 'kg', 'Bone mineral is about 4 % of the weight.'],
    'systolic_mmhg': [40, 300, 80, 220, 'mmHg', 'What a cuff can measure; 180 and more is a crisis in every guideline.'],
    'diastolic_mmhg': [20, 200, 40, 130, 'mmHg', 'What a cuff can measure; 120 and more is a crisis in every guideline.'],
    'caffeine_mg': [0, 10000, 0, 1200, 'mg', 'About 10 g is lethal; 400 mg a day are safe: EFSA 2015, doi:10.2903/j.efsa.2015.4102.'],
    'caffeine_after_15_mg': [0, 10000, 0, 800, 'mg', 'As caffeine_mg.'],
    'alcohol_g': [0, 1000, 0, 250, 'g', 'A litre of spirits has about 320 g; three of them in a day are not survived.'],
    'training_load': [0, 5000, 0, 1000, 'load', 'Garmin scales 300 and more as very high for one activity.'],
  }) }}
{%- endmacro %}

{#- The ranges as rows, to join on `metric`. -#}
{% macro physiological_ranges_listed() -%}
    values
    {% for metric, range in physiological_ranges().items() -%}
    ('{{ metric }}'::text, {{ range[0] }}::double precision, {{ range[1] }}::double precision,
        {{ range[2] }}::double precision, {{ range[3] }}::double precision, '{{ range[4] }}'::text, '{{ range[5] }}'::text)
    {{- ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- Columns of a relation with one row a person-day as one row a metric. -#}
{% macro metrics_told(relation, columns) -%}
    select told.user_id, told.day, metric.name as metric, metric.value, told.as_of
    from {{ relation }} as told
    cross join lateral (
        values
            {% for column in columns -%}
            ('{{ column }}', told.{{ column }}::double precision){{ ',' if not loop.last }}
            {% endfor %}
    ) as metric (name, value)
    where metric.value is not null
{%- endmacro %}

{#- Kinds of payloads of which Garmin has one for every day that a watch was worn; those of the night are apart. -#}
{% macro kinds_of_every_day() -%}
  {{ return(['daily_summary', 'heart_rate', 'stress', 'steps']) }}
{%- endmacro %}

{% macro kinds_of_every_night() -%}
  {{ return(['sleep', 'hrv']) }}
{%- endmacro %}

{#- What an account's export tells of every day and night instead; who has no export misses none of them. -#}
{% macro kinds_of_exported_days() -%}
  {{ return(['daily_summary_export']) }}
{%- endmacro %}

{% macro kinds_of_exported_nights() -%}
  {{ return(['sleep_summary']) }}
{%- endmacro %}

{#- Further kinds that Garmin is asked for by the day: once asked, each day has an answer. -#}
{% macro kinds_asked_by_day() -%}
  {{ return([
    'heart_rate_summary', 'stress_summary', 'hrv_summary', 'body_battery', 'training_readiness', 'max_metrics', 'hydration',
    'blood_pressure', 'activity', 'weigh_in', 'hill_score', 'race_predictions', 'respiration', 'spo2', 'steps_intervals',
    'floors', 'intensity_minutes', 'body_battery_events', 'training_status', 'endurance_score', 'lifestyle', 'nutrition',
    'menstrual_day',
  ]) }}
{%- endmacro %}

{#- The names as a list of SQL. -#}
{% macro quoted(names) -%}
  '{{ names | join("', '") }}'
{%- endmacro %}

{#- The ledger keeps no history: of an instant in the past it tells the rows that did not change since. -#}
{% macro was_in_ledger() -%}
  {{ has_arrived('fetched_at') if known_as_of() is not none else 'true' }}
{%- endmacro %}
