select
    activities.*,
    {{ lineage() }}
from {{ serving_table(ref('activities')) }} as activities
