-- The bounds of `physiological_ranges` as rows, for whoever holds values against them outside dbt.
{{ config(materialized='view') }}

select * from ({{ physiological_ranges_listed() }})
    as listed (metric, lowest_possible, highest_possible, lowest_likely, highest_likely, unit, source)
