select
    nights.*,
    {{ lineage() }}
from {{ ref('nights') }} as nights
