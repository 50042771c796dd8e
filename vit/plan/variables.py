"""Our variables of the environment (docs/running.md)."""

COUNTS = {  # those that are whole numbers, and the least that each may be
    **dict.fromkeys(("VIT_SHARD", "VIT_RECOMPUTE", "VIT_NATIVE", "VIT_WORKERS"), 0),
    **dict.fromkeys(("VIT_DEVICES", "VIT_MICRO_BATCH"), 1),
}
OTHERS = ("VIT_DATA", "VIT_RESULTS", "VIT_WEIGHTS", "VIT_CHECKPOINT_SECONDS", "VIT_DEBUG")
