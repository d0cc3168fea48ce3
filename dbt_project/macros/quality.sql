{#- Columns of a relation with one row a person-day as one row a metric. -#}
{% macro unpivot_daily_metrics(relation, columns) -%}
    select src.user_id, src.day, metric.name as metric, metric.value, src.as_of
    from {{ relation }} as src
    cross join lateral (
        values
            {% for column in columns -%}
            ('{{ column }}', src.{{ column }}::double precision){{ ',' if not loop.last }}
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

{#- What an account's export reports of every day and night instead; who has no export misses none of them. -#}
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

{#- The ledger keeps no history: of an instant in the past it reports the rows that did not change since. -#}
{% macro was_in_ledger() -%}
  {{ ingested_before_build('fetched_at') if as_of_var() is not none else 'true' }}
{%- endmacro %}
