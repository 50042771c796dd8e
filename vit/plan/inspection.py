"""What a run of vit.tasks.Inspect measures and leaves, as far as YAML and reports name it."""

INSPECT = "vit.tasks.Inspect"
UNITS = {  # metric -> the unit in which it is printed
    "attention_distance_first_px": "px",  # mean over the heads of the first layer
    "attention_distance_last_px": "px",
    "attention_distance_first_smallest_px": "px",  # the head of the first layer that looks least far
    "attention_distance_first_largest_px": "px",
    "filters_explained": "percent",  # share of the filters' variance that the first principal components have
    "position_similarity_adjacent": "cosine",  # mean over pairs of patches that lie side by side or one above the other
    "position_similarity_others": "cosine",  # mean over all other pairs
}
PANELS = ("filters", "position_similarity", "attention_distance", "attention_maps")  # pictures of a run's arrays
