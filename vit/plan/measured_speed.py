"""What a run of vit.tasks.Speed measures, as far as YAML and reports name it."""

SPEED = "vit.tasks.Speed"
UNITS = {  # metric -> the unit in which it is printed
    "images_per_second": "images/s",  # at the best batch size, the median of the repetitions
    "images_per_second_lowest": "images/s",
    "images_per_second_highest": "images/s",
    "fastest_batch": "images",
    "largest_batch": "images",
    "load_before": "processes",  # that ran on the machine, a mean over the minute before
}
