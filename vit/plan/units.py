"""Units of the metrics that are no percentages."""

from vit.plan import inspection, measured_speed

UNITS = {**inspection.UNITS, **measured_speed.UNITS}
