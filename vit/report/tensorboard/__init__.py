"""What `make tensorboard` shows beside the runs: curves and numbers of each cell, tables, pictures, a page that explains."""

from vit.report.tensorboard.board import complete_board, write_board

__all__ = ["complete_board", "write_board"]
