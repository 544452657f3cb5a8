-- The quarantine, as `aegis quarantine` reads and deals with it. Every query but release and discard begins with chosen.

-- chosen --
-- A cause is a reason without what differs from record to record: numbers, days, quoted values.
WITH chosen AS (
    SELECT * FROM (
        SELECT quarantine_id, source, source_id, code, field, reason, content_hash, created_at, released_at, discarded_at, discard_reason,
               regexp_replace(regexp_replace(reason, '''[^'']*''|"[^"]*"', '…', 'g'), '[0-9]+([-.,:][0-9]+)*', 'N', 'g') AS cause
        FROM public.quarantine
        WHERE (%(any)s OR (released_at IS NULL AND discarded_at IS NULL))
          AND (%(number)s::bigint IS NULL OR quarantine_id = %(number)s)
          AND (%(source)s::text IS NULL OR source = %(source)s)
          AND (%(code)s::text IS NULL OR code = %(code)s)
          AND (%(field)s::text IS NULL OR field = %(field)s)
          AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
          AND (%(newest)s::bigint IS NULL OR quarantine_id <= %(newest)s)
          AND (%(after)s::bigint IS NULL OR quarantine_id > %(after)s)
    ) AS read
    WHERE %(cause)s::text IS NULL OR strpos(lower(cause), lower(%(cause)s)) > 0 OR strpos(lower(reason), lower(%(cause)s)) > 0
)

-- causes --
SELECT source, code, field, cause, count(*) AS problems, count(DISTINCT content_hash) AS records, min(created_at) AS first, max(created_at) AS last,
       max(quarantine_id) AS example
FROM chosen GROUP BY source, code, field, cause ORDER BY problems DESC, source, code, field, cause LIMIT %(limit)s

-- singles --
SELECT * FROM chosen ORDER BY quarantine_id DESC LIMIT %(limit)s

-- count --
SELECT count(*) AS problems, count(DISTINCT (source, code, field, cause)) AS causes, max(quarantine_id) AS newest FROM chosen

-- next --
-- The records of the next problems, each with its newest form: only that may be released.
SELECT c.quarantine_id, c.source, c.source_id, c.code, c.content_hash, q.raw,
       EXISTS (SELECT FROM public.quarantine n
               WHERE n.source = c.source AND n.source_id = c.source_id AND n.quarantine_id > c.quarantine_id AND n.released_at IS NULL
                 AND n.content_hash IS DISTINCT FROM c.content_hash) AS has_newer,
       EXISTS (SELECT FROM public.quarantine n
               WHERE n.source = c.source AND n.source_id = c.source_id AND n.code = 'DP_2003' AND n.released_at IS NULL) AS is_second
FROM (SELECT * FROM chosen ORDER BY quarantine_id LIMIT %(batch)s) AS c JOIN public.quarantine q USING (quarantine_id)
ORDER BY c.quarantine_id

-- one --
SELECT * FROM public.quarantine WHERE quarantine_id = %(number)s

-- dealings --
SELECT occurred_at, actor, action, reason FROM public.audit_logs WHERE table_name = 'quarantine' AND key = %(number)s::text ORDER BY occurred_at, audit_id

-- release --
-- Every form of the records that passed.
WITH let_go AS (
    UPDATE public.quarantine SET released_at = now() WHERE source = %(source)s AND source_id = ANY (%(source_ids)s::text[]) AND released_at IS NULL
    RETURNING quarantine_id, source, source_id, code, field
), told AS (
    INSERT INTO public.audit_logs (actor, action, table_name, key, before, reason)
    SELECT %(actor)s, 'release', 'quarantine', quarantine_id::text, jsonb_build_object('source', source, 'source_id', source_id, 'code', code, 'field', field),
           'passes basic validation now'
    FROM let_go
)
SELECT count(*) AS problems FROM let_go

-- discard --
, marked AS (
    UPDATE public.quarantine q SET discarded_at = now(), discard_reason = %(reason)s
    FROM (SELECT quarantine_id FROM chosen ORDER BY quarantine_id LIMIT %(batch)s) AS picked
    WHERE q.quarantine_id = picked.quarantine_id AND q.released_at IS NULL AND q.discarded_at IS NULL
    RETURNING q.quarantine_id, q.source, q.source_id, q.code, q.field
), told AS (
    INSERT INTO public.audit_logs (actor, action, table_name, key, before, reason)
    SELECT %(actor)s, 'discard', 'quarantine', quarantine_id::text, jsonb_build_object('source', source, 'source_id', source_id, 'code', code, 'field', field),
           %(reason)s
    FROM marked
)
SELECT count(*) AS problems FROM marked
