select
    days.*,
    {{ lineage() }}
from {{ published(ref('days')) }} as days
