"""The index of the page: beside the text on a wide screen, a folded menu on a narrow one."""

from html import escape

from vit.report.shown import Shown

Link = tuple[str, str, str]  # id of a section, its label, the rest of its title


def index_groups(shown: list[Shown], errors: dict[str, str], *, claims: bool, stand_ins: bool) -> dict[str, list[Link]]:
    """Title of a group -> its links."""
    first = [("claims", "Claims of the paper", "")] * claims + [("counts", "Verdicts of cells", "")]
    first += [("stand-ins", "What stands in", "")] * stand_ins
    groups = {"What was reproduced": first}
    for each in shown:
        label, _, rest = each.document.title.partition(". ")
        kind = f"{label.split()[0]}s" if label.startswith(("Table ", "Figure ")) else "Others"
        link = (each.name, label, rest) if rest and label != "Ablation" else (each.name, "", rest or label)
        groups.setdefault(kind, []).append(link)
    groups["Not shown"] = [(name, name, "error") for name in errors]
    return {title: links for title, links in groups.items() if links}


def side_index(groups: dict[str, list[Link]]) -> str:
    """Twice, of which the style hides one: a folded element cannot be opened by a style alone."""
    lists = "".join(f"<h2>{escape(title)}</h2><ul>{''.join(map(item, links))}</ul>" for title, links in groups.items())
    return (
        f'<nav class="index wide-screen" aria-label="Contents">{lists}</nav>\n'
        f'<nav class="index narrow-screen" aria-label="Contents"><details><summary>Contents</summary>{lists}</details></nav>'
    )


def item(link: Link) -> str:
    name, label, rest = link
    text = " ".join(part for part in (f"<b>{escape(label)}</b>" if label else "", escape(rest)) if part)
    return f'<li><a href="#{escape(name)}" title="{escape(f"{label} {rest}".strip())}">{text}</a></li>'
