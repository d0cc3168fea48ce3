select
    nights.*,
    {{ lineage() }}
from {{ published(ref('nights')) }} as nights
