"""What a recipe or the command line may hand to create_model beside the model's name."""

# Kinds in the order in which text of the command line is tried; of a plain `dict` jsonargparse leaves every entry a text.
Options = dict[str, bool | int | float | list | dict | str | None]
