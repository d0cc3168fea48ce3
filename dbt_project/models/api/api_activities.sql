select
    activities.*,
    {{ lineage() }}
from {{ published(ref('activities')) }} as activities
