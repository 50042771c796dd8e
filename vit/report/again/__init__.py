"""The numbers of an experiment that was made anew, beside those that it had: reads rendered files only, no runs."""
