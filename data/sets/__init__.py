"""The data sets: one LightningDataModule each, read from the files that their authors publish."""
