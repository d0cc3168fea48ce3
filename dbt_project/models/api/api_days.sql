select
    days.*,
    {{ lineage() }}
from {{ ref('days') }} as days
