{#-
  Metrics of a day that several kinds of payload report, one row each: name, value or text_value. Within a metric the lowest
  `priority` wins, then the lowest `rank` (an expression; which of several of a day), then the newest ingested.
  `metrics` and `labels`: metric → column of the relation.
-#}
{% macro unpivot_metrics(relation, metrics, labels={}, priority='1', rank='null::double precision') -%}
    select
        src.user_id, src.day, metric.name as metric, metric.value, metric.text_value,
        {{ priority }} as priority, {{ rank }} as rank, src.ingested_at, src.event_id
    from {{ relation }} as src
    cross join lateral (
        values
            {% for name, column in metrics.items() -%}
            ('{{ name }}', src.{{ column }}, null::text){{ ',' if not loop.last or labels }}
            {% endfor -%}
            {% for name, column in labels.items() -%}
            ('{{ name }}', null::double precision, src.{{ column }}){{ ',' if not loop.last }}
            {% endfor %}
    ) as metric (name, value, text_value)
    where src.day is not null and num_nonnulls(metric.value, metric.text_value) > 0
{%- endmacro %}

{#- Metrics that carry the name of their column. -#}
{% macro identity_map(columns) -%}
  {%- set names = {} -%}
  {%- for column in columns -%}{%- do names.update({column: column}) -%}{%- endfor -%}
  {{ return(names) }}
{%- endmacro %}

{#- The metrics of one mart, a column each, out of int_daily_metrics__deduplicated. -#}
{% macro pivot_metrics(metrics, labels=[]) -%}
    {% for metric in metrics -%}
    max(value) filter (where metric = '{{ metric }}') as {{ metric }},
    {% endfor -%}
    {% for text_value in labels -%}
    max(text_value) filter (where metric = '{{ text_value }}') as {{ text_value }},
    {% endfor -%}
    max(ingested_at) as as_of
{%- endmacro %}

{% macro nutrients() -%}
  {{ return({
    'energy_kcal': 'calories', 'carbohydrate_g': 'carbs', 'protein_g': 'protein', 'fat_g': 'fat', 'fibre_g': 'fiber',
    'sugar_g': 'sugar', 'sodium_mg': 'sodium',
  }) }}
{%- endmacro %}

{% macro nutrition_metrics() -%}
  {{ return((nutrients() | list) + ['energy_goal_kcal', 'fluids_ml', 'fluids_goal_ml']) }}
{%- endmacro %}

{#- Those that the daily summary reports too. -#}
{% macro summary_metrics() -%}
  {{ return([
    'total_kcal', 'moderate_minutes', 'vigorous_minutes', 'waking_respiration_brpm', 'lowest_respiration_brpm',
    'highest_respiration_brpm', 'spo2_pct', 'lowest_spo2_pct', 'body_battery_charged', 'body_battery_drained',
  ]) }}
{%- endmacro %}

{% macro wellness_metrics() -%}
  {{ return(summary_metrics() + ['weekly_goal_minutes', 'sleep_respiration_brpm', 'sleep_spo2_pct']) }}
{%- endmacro %}

{% macro load_metrics() -%}
  {{ return([
    'acute_load', 'chronic_load', 'load_ratio', 'tunnel_low', 'tunnel_high',
    'load_aerobic_low', 'load_aerobic_low_target_low', 'load_aerobic_low_target_high',
    'load_aerobic_high', 'load_aerobic_high_target_low', 'load_aerobic_high_target_high',
    'load_anaerobic', 'load_anaerobic_target_low', 'load_anaerobic_target_high',
  ]) }}
{%- endmacro %}

{% macro threshold_metrics() -%}
  {{ return([
    'running_threshold_hr_bpm', 'cycling_threshold_hr_bpm', 'running_threshold_speed_mps', 'running_threshold_power_w',
  ]) }}
{%- endmacro %}

{% macro fitness_metrics() -%}
  {{ return([
    'vo2max_running', 'vo2max_cycling', 'fitness_age_years', 'readiness_score', 'recovery_minutes', 'endurance_score',
    'hill_score', 'hill_strength_score', 'hill_endurance_score', 'time_5k_s', 'time_10k_s', 'time_half_marathon_s',
    'time_marathon_s', 'cycling_ftp_w',
  ] + threshold_metrics() + load_metrics()) }}
{%- endmacro %}

{% macro fitness_labels() -%}
  {{ return(['readiness_level', 'training_feedback', 'balance_feedback']) }}
{%- endmacro %}
