-- What deduplication reads and writes, as the validator; `listed` and `shown` as the reader.

-- remember_keys --
-- The keys of the policies that are looked at. %(keys)s: [{policy_id, key}].
WITH given AS MATERIALIZED (
    SELECT policy_id, key FROM jsonb_to_recordset(%(keys)s::jsonb) AS g (policy_id text, key text)
), gone AS (
    DELETE FROM ops.duplicate_keys k
    WHERE k.policy_id IN (SELECT policy_id FROM given) AND NOT EXISTS (SELECT FROM given g WHERE g.policy_id = k.policy_id AND g.key = k.key)
)
INSERT INTO ops.duplicate_keys (key, policy_id) SELECT key, policy_id FROM given ORDER BY key, policy_id ON CONFLICT DO NOTHING;

-- mates --
-- What was found before: it is looked at again, however many share its keys.
SELECT member, canonical FROM ops.duplicates
WHERE ended_at IS NULL AND (member = ANY (%(batch)s::text[]) OR canonical = ANY (%(batch)s::text[]));

-- candidates --
-- Published policies that share a key with those that are looked at, or that are named as %(near)s; the beginning of the text is all that is compared.
WITH wanted AS (
    SELECT found.policy_id
    FROM unnest(%(keys)s::text[]) AS asked (key)
    CROSS JOIN LATERAL (SELECT k.policy_id FROM ops.duplicate_keys k WHERE k.key = asked.key ORDER BY k.policy_id LIMIT %(most)s) AS found
    UNION SELECT unnest(%(near)s::text[])
)
SELECT p.policy_id, p.source, p.source_id, p.title, left(p.content, %(characters)s) AS content, p.issuing_organization, p.operating_organization, p.category,
       p.target_regions, p.target_industries, p.funding_amount_min, p.funding_amount_max, p.interest_rate, p.application_start_date, p.application_end_date,
       p.application_period_text, p.detail_url, p.tags, p.status, p.quality_score, p.is_active,
       CASE WHEN p.created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN p.created_at END AS created_at, p.updated_at, p.version
FROM public.policies p JOIN wanted USING (policy_id)
WHERE p.status IN ('active', 'pending_validation') AND NOT (p.policy_id = ANY (%(batch)s::text[]))
ORDER BY p.policy_id;

-- record --
-- What was found about the policies that were looked at. %(found)s: [{member, canonical, score, alike_to, explanation, reason}]; a policy that was looked
-- at, or that is spoken for by such a one, and is not in it is no duplicate any more. Nothing is written where nothing is new.
WITH found AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(found)s::jsonb)
        AS f (member text, canonical text, score numeric, alike_to text, explanation text, reason text)
), ended AS (
    UPDATE ops.duplicates d SET ended_at = clock_timestamp()
    WHERE (d.member = ANY (%(looked_at)s::text[]) OR d.canonical = ANY (%(looked_at)s::text[]))
      AND d.ended_at IS NULL AND d.member NOT IN (SELECT member FROM found)
    RETURNING d.member
), kept AS (
    INSERT INTO ops.duplicates AS d (member, canonical, score, alike_to, explanation, reason)
    SELECT f.member, f.canonical, f.score, f.alike_to, f.explanation, f.reason
    FROM found f LEFT JOIN ops.duplicates h USING (member)
    WHERE (h.canonical, h.score, h.alike_to, h.explanation, h.reason, h.ended_at)
        IS DISTINCT FROM (f.canonical, round(f.score, 4), f.alike_to, f.explanation, f.reason, NULL::timestamptz)
    ORDER BY f.member
    ON CONFLICT (member) DO UPDATE SET canonical = excluded.canonical, score = excluded.score, alike_to = excluded.alike_to,
        explanation = excluded.explanation, reason = excluded.reason, found_at = clock_timestamp(), ended_at = NULL
    RETURNING d.member
)
SELECT (SELECT count(*) FROM kept) AS kept, (SELECT count(*) FROM ended) AS ended;

-- page --
-- Published policies in order of their keys, for a look at all of them.
SELECT p.policy_id, p.source, p.source_id, p.title, left(p.content, %(characters)s) AS content, p.issuing_organization, p.operating_organization, p.category,
       p.target_regions, p.target_industries, p.funding_amount_min, p.funding_amount_max, p.interest_rate, p.application_start_date, p.application_end_date,
       p.application_period_text, p.detail_url, p.tags, p.status, p.quality_score, p.is_active,
       CASE WHEN p.created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN p.created_at END AS created_at, p.updated_at, p.version
FROM public.policies p WHERE p.policy_id > %(after)s AND p.status IN ('active', 'pending_validation') ORDER BY p.policy_id LIMIT %(limit)s;

-- listed --
SELECT d.canonical, c.source AS canonical_source, c.title AS canonical_title, d.member, m.source, m.title, d.score, d.explanation, d.reason, d.found_at
FROM ops.duplicates d LEFT JOIN public.policies c ON c.policy_id = d.canonical LEFT JOIN public.policies m ON m.policy_id = d.member
WHERE d.ended_at IS NULL AND (%(source)s::text IS NULL OR m.source = %(source)s OR c.source = %(source)s) AND d.score <= %(most)s
ORDER BY d.found_at DESC, d.canonical, d.member LIMIT %(limit)s;

-- shown --
-- The whole cluster of one policy, whichever of its rows is named.
SELECT d.canonical, c.source AS canonical_source, c.title AS canonical_title, d.member, m.source, m.title, d.score, d.alike_to, d.explanation, d.reason,
       d.found_at, d.ended_at
FROM ops.duplicates d LEFT JOIN public.policies c ON c.policy_id = d.canonical LEFT JOIN public.policies m ON m.policy_id = d.member
WHERE d.canonical = coalesce((SELECT canonical FROM ops.duplicates WHERE member = %(policy)s AND ended_at IS NULL), %(policy)s) OR d.member = %(policy)s
ORDER BY d.ended_at NULLS FIRST, d.member;
