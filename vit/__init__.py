"""Vision Transformer experiments, reproduced: "An Image is Worth 16x16 Words" (ICLR 2021)."""
