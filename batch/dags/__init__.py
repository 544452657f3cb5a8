"""Airflow's DAGs. Wiring only: each task calls one function of this package, which runs what the command line offers."""
