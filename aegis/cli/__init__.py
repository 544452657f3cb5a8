"""The command line: composition roots that read settings, and show people what the parts do."""
