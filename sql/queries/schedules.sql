-- When sources are asked next.

-- known --
SELECT source, next_run_at, interval_seconds, reason FROM ops.schedules WHERE source = ANY (%(sources)s::text[]);

-- history --
-- The newest runs of each source, the newest first. What stood in for a source that was down is no run of it: the failure that it stood in for is told already.
-- `asked`: how often the source was asked on the day in Korea on which the run ended, where that is still known.
SELECT s.source, h.finished_at, h.status, h.counts, h.error_code,
       h.status = 'failure' AND coalesce(h.finished_at >= t.spent_at AND t.day = h.day, false) AS is_spent,
       CASE WHEN t.day = h.day THEN t.requests ELSE 0 END AS asked
FROM unnest(%(sources)s::text[]) AS s (source)
LEFT JOIN ops.source_states t USING (source)
CROSS JOIN LATERAL (
    SELECT finished_at, (finished_at AT TIME ZONE 'Asia/Seoul')::date AS day, status, counts, error_code FROM public.processing_history
    WHERE pipeline = 'collect' AND source = s.source AND NOT counts ? 'stood_in' AND (status = 'failure' OR error_code IS NULL)
    ORDER BY finished_at DESC LIMIT %(most)s
) AS h
ORDER BY s.source, h.finished_at DESC;

-- save --
INSERT INTO ops.schedules (source, next_run_at, interval_seconds, reason)
SELECT source, next_run_at, interval_seconds, reason
FROM jsonb_to_recordset(%(batch)s::jsonb) AS b (source text, next_run_at timestamptz, interval_seconds integer, reason text)
ON CONFLICT (source) DO UPDATE SET next_run_at = excluded.next_run_at, interval_seconds = excluded.interval_seconds, reason = excluded.reason, updated_at = now();
