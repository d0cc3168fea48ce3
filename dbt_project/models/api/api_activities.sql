select
    activities.*,
    {{ lineage() }}
from {{ ref('activities') }} as activities
