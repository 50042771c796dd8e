"""Units of the metrics that are no percentages."""

from vit.plan import inspection, speed

UNITS = {**inspection.UNITS, **speed.UNITS}
