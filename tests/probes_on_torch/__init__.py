"""The functions and classes that the probes ask for, by PyTorch or by definition: one file for each lesson."""
