-- What the dead-letter app tells Prometheus about the cold path.

-- reconciled --
-- Unix times; 0: never. Only a comparison of everything counts as clean, and a repair only where something could be repaired.
SELECT coalesce(extract(epoch FROM max(finished_at) FILTER (
           WHERE state = 'finished' AND options ->> 'complete' = 'true'
             AND (verdict = 'clean' OR (verdict = 'repaired' AND options ->> 'dry_run' = 'false')))), 0)::float AS last_clean,
       coalesce(extract(epoch FROM max(coalesce(finished_at, started_at))), 0)::float AS last_run
FROM ops.runs WHERE kind = 'reconcile';
