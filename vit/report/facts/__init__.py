"""Tables without training: the sizes of the models (Table 1) and the recipes (Tables 3 and 4) beside what the paper prints."""
