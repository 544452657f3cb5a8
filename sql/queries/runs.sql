-- Runs of the cold path, as the operator records them.

-- try_lock --
SELECT pg_try_advisory_lock(hashtextextended('aegis.runs.' || %(lock)s, 0)) AS taken;

-- running --
SELECT run_id, kind, phase, actor, started_at FROM ops.runs WHERE lock = %(lock)s AND state = 'running';

-- abandon --
UPDATE ops.runs SET state = 'abandoned', verdict = NULL, finished_at = clock_timestamp(), message = 'its process died; found by run ' || %(run_id)s::text
WHERE lock = %(lock)s AND state = 'running' RETURNING run_id;

-- begin --
INSERT INTO ops.runs (run_id, kind, lock, actor, options) VALUES (%(run_id)s, %(kind)s, %(lock)s, %(actor)s, %(options)s);

-- phase --
UPDATE ops.runs SET phase = %(phase)s WHERE run_id = %(run_id)s AND state = 'running';

-- finish --
UPDATE ops.runs SET state = 'finished', phase = 'finished', verdict = %(verdict)s, summary = %(summary)s, message = %(message)s, finished_at = clock_timestamp()
WHERE run_id = %(run_id)s AND state = 'running';

-- fail --
UPDATE ops.runs SET state = 'failed', verdict = 'failed', summary = %(summary)s, message = %(message)s, finished_at = clock_timestamp()
WHERE run_id = %(run_id)s AND state = 'running';
