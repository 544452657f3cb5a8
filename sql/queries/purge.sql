-- The purge of tombstones, as the operator records it.

-- audit --
-- One row per batch: keys with the stamps that were taken away.
INSERT INTO public.audit_logs (action, store, table_name, before, reason, run_id)
VALUES ('purge', %(store)s, %(table)s, %(before)s, 'expired tombstones of deletes', %(run_id)s)
