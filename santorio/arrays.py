"""Types of NumPy arrays, as the statistics and their callers pass them."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
