"""What training costs: the paper's exaFLOPs and core-days beside ours (Tables 2 and 6, Figure 5)."""
