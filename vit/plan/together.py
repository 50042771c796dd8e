"""Values that an experiment has to set together, such as an optimizer and its constants."""

from vit.plan.recipe_values import VALUES, recipe_values


def together(key: str, recipe: str, task: str, values: dict, settings: dict) -> str:
    """For the message of a missing value: the mapping to write; '' where the recipe, not the experiment, asks for `key`.

    values: all that recipe and experiment state; settings: what the experiment states.
    """
    other = VALUES[key].needed_with[0] if VALUES[key].needed_with else None
    if other not in settings:
        return ""
    parts = [f"label: {settings[other]}", f"{recipe}.{other}: {settings[other]}"]
    for name in recipe_values(task):
        asked_by, *words = VALUES[name].needed_with or (None,)
        if asked_by != other:
            continue
        if settings[other] in words and name not in values:
            parts.append(f"{recipe}.{name}: ...")
        elif settings[other] not in words and values.get(name, VALUES[name].off) != VALUES[name].off:
            off = "null" if VALUES[name].off is None else VALUES[name].off
            parts.append(f"{recipe}.{name}: {off}")
    return f"; one mapping sets what goes together: {{{', '.join(parts)}}}"
