{#- Conventions of training that several models share; docs/training.md says why and whose they are. -#}

{#- Durations (s) that a power model is fitted to. -#}
{% macro model_durations() -%}
  {{ return([120, 180, 240, 300, 480, 600, 720, 900, 1200]) }}
{%- endmacro %}

{#- Element of a best-efforts array that belongs to a duration; null where the recording is shorter. -#}
{% macro best_over(efforts, seconds, durations='effort_durations_s') -%}
  {{ efforts }}[array_position({{ durations }}, {{ seconds }})]
{%- endmacro %}

{#- Banister's coefficients: b for men and women, and a. For women GoldenCheetah keeps 0.64. -#}
{% macro trimp_exponent(coefficients) -%}
  case {{ coefficients }} when 'women' then 1.67 else 1.92 end
{%- endmacro %}

{% macro trimp_factor(coefficients) -%}
  case {{ coefficients }} when 'women' then 0.86 else 0.64 end
{%- endmacro %}

{#- Share of the heart rate reserve in use, held to 0 to 1; null where one of the three is not known, which least and
    greatest would pass over. -#}
{% macro heart_rate_reserve(heart_rate, resting, highest) -%}
  {%- set share = '(' ~ heart_rate ~ ' - ' ~ resting ~ ') / nullif(' ~ highest ~ ' - ' ~ resting ~ ', 0)' -%}
  case when {{ share }} is not null then least(1, greatest(0, {{ share }})) end
{%- endmacro %}

{#- Weight of today in a mean that fades by e in so many days, and in one over a span of so many. -#}
{% macro weight_of_time_constant(days) -%}
  (1 - exp(-1.0::double precision / {{ days }}))
{%- endmacro %}

{% macro weight_of_span(days) -%}
  (2.0::double precision / ({{ days }} + 1))
{%- endmacro %}

{#- Sports share thresholds by family; what belongs to none has its own. -#}
{% macro threshold_sport(sport) -%}
  coalesce({{ sport_family(sport) }}, 'other')
{%- endmacro %}

{#- How a threshold is reported that the person gave: it goes before all others. -#}
{% macro word_of_the_person() -%}
  'stated by the person'
{%- endmacro %}

{#- Whether a body can have it: beyond, the value stays in the log and is held against nothing. -#}
{% macro is_threshold(kind, value) -%}
  case {{ kind }}
    when 'ftp_w' then {{ value }} between 20 and 1000
    when 'cp_w' then {{ value }} between 20 and 1000
    when 'w_prime_j' then {{ value }} between 1 and 100000
    else {{ value }} between 25 and 250
  end
{%- endmacro %}
