"""The table of an experiment as text that TensorBoard can show."""

import re

from vit.report.document import Document
from vit.report.markdown import markdown_table

SMALL = re.compile("</?sub>")  # TensorBoard would print the tag, not heed it


def table_text(shown: Document) -> str:
    """Title, what a number is, the table; all else is in NAME.md."""
    blocks = [f"### {shown.title}", f"*{shown.scale}*", *shown.summary, SMALL.sub("", markdown_table(shown.table))]
    blocks += ["\n".join(f"- {line}" for line in shown.explanation)] if shown.explanation else []
    return "\n\n".join([*blocks, f"Stand-ins, settings and provenance: `{shown.name}.md` beside `index.html`."])
