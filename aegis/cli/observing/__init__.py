"""What the servers and the pipeline say of themselves, asked with bounded patience: the eyes of `aegis status`, `watch`, `doctor` and `trace`."""
