select
    nights.*,
    {{ lineage() }}
from {{ serving_table(ref('nights')) }} as nights
