-- What a reconciliation repaired, as its undo reads it.

-- repairs --
-- Of a key that was repaired more than once in a run, the image before the first repair is put back in place of what the last one left.
SELECT last.audit_id, last.store, last.table_name, last.key, first.before, last.after
FROM (
    SELECT DISTINCT ON (store, table_name, key) audit_id, store, table_name, key, after FROM public.audit_logs
    WHERE run_id = %(run_id)s AND action = 'repair' ORDER BY store, table_name, key, audit_id DESC
) AS last
JOIN LATERAL (
    SELECT before FROM public.audit_logs
    WHERE run_id = %(run_id)s AND action = 'repair' AND store = last.store AND table_name = last.table_name AND key = last.key ORDER BY audit_id LIMIT 1
) AS first ON true
WHERE last.audit_id > %(after)s ORDER BY last.audit_id LIMIT %(limit)s;
