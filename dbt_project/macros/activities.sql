{#- The figures of an activity, each taken from the most trusted recording that reports it. -#}
{% macro activity_metrics() -%}
  {{ return([
    'sport', 'duration_s', 'distance_m', 'avg_hr_bpm', 'max_hr_bpm', 'avg_power_w', 'normalized_power_w',
    'energy_kcal', 'elevation_gain_m', 'training_load',
  ]) }}
{%- endmacro %}

{#-
  Sports that are one exercise under several names: a watch says trail_running where the file says running. Null where
  the name says nothing ("other", a sport that we do not know): it agrees with every family.
-#}
{% macro sport_family(sport) -%}
  case
    when {{ sport }} ~* '(multi_?sport|triathlon|duathlon|swimrun)' then 'multisport'
    when {{ sport }} ~* '(run|treadmill|track)' then 'running'
    when {{ sport }} ~* '(cycl|bik|ride|bmx)' then 'cycling'
    when {{ sport }} ~* 'swim' then 'swimming'
    when {{ sport }} ~* '(walk|hik|mountaineer)' then 'walking'
    when {{ sport }} ~* '(strength|gym|cardio|fitness|training|hiit|yoga|pilates|floor_climb|elliptical)' then 'gym'
    when {{ sport }} ~* '(row|paddl|kayak|canoe)' then 'rowing'
    when {{ sport }} ~* '(ski|snowboard)' then 'skiing'
  end
{%- endmacro %}

{#- Length of a recording (s), at most ten days; null where it is not known. `least` alone would pass null over. -#}
{% macro span_s(elapsed_s, duration_s) -%}
  case when coalesce({{ elapsed_s }}, {{ duration_s }}) > 0 then least(coalesce({{ elapsed_s }}, {{ duration_s }}), 864000) end
{%- endmacro %}

{#- Time that two recordings have in common (s), each with its start and its length. -#}
{% macro shared_s(one, other) -%}
  greatest(0, extract(epoch from
    least(
      {{ one }}.started_at + make_interval(secs => {{ one }}.span_s),
      {{ other }}.started_at + make_interval(secs => {{ other }}.span_s)
    ) - greatest({{ one }}.started_at, {{ other }}.started_at)
  ))::double precision
{%- endmacro %}
