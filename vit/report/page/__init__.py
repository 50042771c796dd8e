"""index.html: what was reproduced at a scale, on one page that needs no other file and no network."""

from vit.report.page.written_page import reading_order, write_page

__all__ = ["reading_order", "write_page"]
