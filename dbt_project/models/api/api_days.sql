select
    days.*,
    {{ lineage() }}
from {{ serving_table(ref('days')) }} as days
