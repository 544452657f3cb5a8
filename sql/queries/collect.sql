-- What the collectors read and write. %(batch)s is a JSON array of drafts, documents or problems; one round trip serves a whole page.
-- Rows that would stay as they are are left out before the insert: its conflict arm locks a row even where its condition is false, and the version trigger
-- draws before the conflict is found; both would write WAL for nothing.

-- lock --
SELECT pg_try_advisory_lock(hashtext('aegis.collect'), hashtext(%(source)s));

-- compare --
-- Codes and days that the full validation filled in stand while the source says, there and in its text, what it said then. Amounts and rates that a record
-- does not state stand always. What the validation archived, an unchanged record does not revive; a row that changed since was archived by its source.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (
        source text, source_id text, title text, content text, issuing_organization text, operating_organization text, category text,
        target_regions text[], target_industries text[], funding_amount_min bigint, funding_amount_max bigint, interest_rate numeric,
        application_start_date date, application_end_date date, application_period_text text, detail_url text, tags text[])
)
SELECT i.source_id, p.policy_id IS NULL AS is_new
FROM incoming i LEFT JOIN public.policies p USING (source, source_id) LEFT JOIN ops.judgements j ON j.policy_id = p.policy_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN j.filled #> '{target_regions,set}' = to_jsonb(p.target_regions) AND j.filled #> '{target_regions,stated}' = to_jsonb(i.target_regions)
                THEN p.target_regions ELSE i.target_regions END AS kept_regions,
           CASE WHEN j.filled #> '{target_industries,set}' = to_jsonb(p.target_industries)
                 AND j.filled #> '{target_industries,stated}' = to_jsonb(i.target_industries)
                THEN p.target_industries ELSE i.target_industries END AS kept_industries,
           CASE WHEN (p.title, p.content, p.application_period_text) IS NOT DISTINCT FROM (i.title, i.content, i.application_period_text)
                 AND i.application_start_date IS NULL AND j.filled #>> '{application_start_date,set}' = p.application_start_date::text
                 AND (p.application_start_date <= i.application_end_date) IS NOT false
                THEN p.application_start_date ELSE i.application_start_date END AS kept_start,
           CASE WHEN (p.title, p.content, p.application_period_text) IS NOT DISTINCT FROM (i.title, i.content, i.application_period_text)
                 AND i.application_end_date IS NULL AND j.filled #>> '{application_end_date,set}' = p.application_end_date::text
                 AND (i.application_start_date <= p.application_end_date) IS NOT false
                THEN p.application_end_date ELSE i.application_end_date END AS kept_end
) k
WHERE p.policy_id IS NULL OR (p.status = 'archived' AND (j.status = 'archived' AND j.judged_version = p.version) IS NOT true)
   OR (p.title, p.content, p.issuing_organization, p.operating_organization, p.category, p.target_regions, p.target_industries, p.funding_amount_min,
       p.funding_amount_max, p.interest_rate, p.application_start_date, p.application_end_date, p.application_period_text, p.detail_url, p.tags)
      IS DISTINCT FROM
      (i.title, i.content, i.issuing_organization, i.operating_organization, i.category, k.kept_regions, k.kept_industries,
       CASE WHEN num_nonnulls(i.funding_amount_min, i.funding_amount_max) = 0 THEN p.funding_amount_min ELSE i.funding_amount_min END,
       CASE WHEN num_nonnulls(i.funding_amount_min, i.funding_amount_max) = 0 THEN p.funding_amount_max ELSE i.funding_amount_max END,
       coalesce(i.interest_rate, p.interest_rate), k.kept_start, k.kept_end, i.application_period_text, i.detail_url, i.tags);

-- upsert --
-- What is kept of a row, and why: see compare. A row that is written is judged anew.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (
        policy_id text, source text, source_id text, title text, content text, issuing_organization text, operating_organization text, category text,
        target_regions text[], target_industries text[], funding_amount_min bigint, funding_amount_max bigint, interest_rate numeric,
        application_start_date date, application_end_date date, application_period_text text, detail_url text, tags text[])
), differing AS (
    SELECT i.*, p.policy_id IS NULL AS is_new, k.*
    FROM incoming i LEFT JOIN public.policies p USING (source, source_id) LEFT JOIN ops.judgements j ON j.policy_id = p.policy_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN j.filled #> '{target_regions,set}' = to_jsonb(p.target_regions) AND j.filled #> '{target_regions,stated}' = to_jsonb(i.target_regions)
                    THEN p.target_regions ELSE i.target_regions END AS kept_regions,
               CASE WHEN j.filled #> '{target_industries,set}' = to_jsonb(p.target_industries)
                     AND j.filled #> '{target_industries,stated}' = to_jsonb(i.target_industries)
                    THEN p.target_industries ELSE i.target_industries END AS kept_industries,
               CASE WHEN (p.title, p.content, p.application_period_text) IS NOT DISTINCT FROM (i.title, i.content, i.application_period_text)
                     AND i.application_start_date IS NULL AND j.filled #>> '{application_start_date,set}' = p.application_start_date::text
                     AND (p.application_start_date <= i.application_end_date) IS NOT false
                    THEN p.application_start_date ELSE i.application_start_date END AS kept_start,
               CASE WHEN (p.title, p.content, p.application_period_text) IS NOT DISTINCT FROM (i.title, i.content, i.application_period_text)
                     AND i.application_end_date IS NULL AND j.filled #>> '{application_end_date,set}' = p.application_end_date::text
                     AND (i.application_start_date <= p.application_end_date) IS NOT false
                    THEN p.application_end_date ELSE i.application_end_date END AS kept_end
    ) k
    WHERE i.source_id = ANY (%(differing)s::text[])
), stored AS (
    INSERT INTO public.policies AS p (
        policy_id, source, source_id, title, content, issuing_organization, operating_organization, category, target_regions, target_industries,
        funding_amount_min, funding_amount_max, interest_rate, application_start_date, application_end_date, application_period_text, detail_url, tags)
    SELECT policy_id, source, source_id, title, content, issuing_organization, operating_organization, category, kept_regions, kept_industries,
        funding_amount_min, funding_amount_max, interest_rate, kept_start, kept_end, application_period_text, detail_url, tags
    FROM differing ORDER BY policy_id -- two collectors at once lock rows in the same order
    ON CONFLICT (source, source_id) DO UPDATE SET
        title = excluded.title, content = excluded.content, issuing_organization = excluded.issuing_organization,
        operating_organization = excluded.operating_organization, category = excluded.category, target_regions = excluded.target_regions,
        target_industries = excluded.target_industries,
        funding_amount_min = CASE WHEN num_nonnulls(excluded.funding_amount_min, excluded.funding_amount_max) = 0 THEN p.funding_amount_min ELSE excluded.funding_amount_min END,
        funding_amount_max = CASE WHEN num_nonnulls(excluded.funding_amount_min, excluded.funding_amount_max) = 0 THEN p.funding_amount_max ELSE excluded.funding_amount_max END,
        interest_rate = coalesce(excluded.interest_rate, p.interest_rate),
        application_start_date = excluded.application_start_date, application_end_date = excluded.application_end_date,
        application_period_text = excluded.application_period_text, detail_url = excluded.detail_url, tags = excluded.tags,
        status = CASE WHEN p.status IN ('archived', 'rejected') THEN 'pending_validation' ELSE p.status END,
        is_active = CASE WHEN p.status IN ('archived', 'rejected') THEN true ELSE p.is_active END
    WHERE p.status = 'archived'
       OR (p.title, p.content, p.issuing_organization, p.operating_organization, p.category, p.target_regions, p.target_industries,
           p.application_start_date, p.application_end_date, p.application_period_text, p.detail_url, p.tags,
           p.funding_amount_min, p.funding_amount_max, p.interest_rate)
          IS DISTINCT FROM
          (excluded.title, excluded.content, excluded.issuing_organization, excluded.operating_organization, excluded.category, excluded.target_regions,
           excluded.target_industries, excluded.application_start_date, excluded.application_end_date, excluded.application_period_text,
           excluded.detail_url, excluded.tags,
           CASE WHEN num_nonnulls(excluded.funding_amount_min, excluded.funding_amount_max) = 0 THEN p.funding_amount_min ELSE excluded.funding_amount_min END,
           CASE WHEN num_nonnulls(excluded.funding_amount_min, excluded.funding_amount_max) = 0 THEN p.funding_amount_max ELSE excluded.funding_amount_max END,
           coalesce(excluded.interest_rate, p.interest_rate))
    RETURNING p.policy_id, p.source, p.source_id, p.status, p.version
), told AS (
    INSERT INTO public.outbox (aggregatetype, aggregateid, type, payload, traceparent, schema_version)
    SELECT 'policy', s.policy_id, 'policy.validated',
           jsonb_build_object('policy_id', s.policy_id, 'source', s.source, 'source_id', s.source_id, 'status', s.status, 'version', s.version,
                              'operation', CASE WHEN d.is_new THEN 'created' ELSE 'updated' END),
           %(traceparent)s, '1.0'
    FROM stored s JOIN differing d USING (source, source_id)
)
SELECT s.source_id, d.is_new FROM stored s JOIN differing d USING (source, source_id);

-- keep_documents --
INSERT INTO public.raw_documents (source, source_id, content_hash, body, content_type)
SELECT i.source, i.source_id, i.content_hash, i.body, 'application/json'
FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (source text, source_id text, content_hash text, body text)
WHERE NOT EXISTS (
    SELECT FROM public.raw_documents r WHERE r.source = i.source AND r.source_id = i.source_id AND r.content_hash = i.content_hash)
ON CONFLICT (source, source_id, content_hash) DO NOTHING;

-- release --
-- A record that passes now leaves the quarantine.
UPDATE public.quarantine SET released_at = now()
WHERE source = %(source)s AND source_id = ANY (%(source_ids)s::text[]) AND released_at IS NULL;

-- quarantine --
INSERT INTO public.quarantine (source, source_id, code, field, reason, raw, content_hash)
SELECT i.source, i.source_id, i.code, i.field, i.reason, i.raw, i.content_hash
FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (source text, source_id text, code text, field text, reason text, raw text, content_hash text)
WHERE NOT EXISTS (
    SELECT FROM public.quarantine q
    WHERE q.source = i.source AND q.content_hash = i.content_hash AND q.code = i.code AND q.field = i.field AND q.released_at IS NULL)
ON CONFLICT (source, content_hash, code, field) WHERE released_at IS NULL AND content_hash IS NOT NULL DO NOTHING
RETURNING content_hash;

-- quarantined_before --
SELECT DISTINCT content_hash FROM public.quarantine
WHERE source = %(source)s AND content_hash = ANY (%(content_hashes)s::text[]) AND released_at IS NULL;

-- standing --
SELECT count(*) AS known, count(*) FILTER (WHERE NOT (source_id = ANY (%(seen)s::text[]))) AS absent
FROM public.policies WHERE source = %(source)s AND status <> 'archived';

-- archive --
UPDATE public.policies SET status = 'archived', is_active = false
WHERE source = %(source)s AND status <> 'archived' AND NOT (source_id = ANY (%(seen)s::text[]))
RETURNING policy_id;

-- record --
INSERT INTO public.processing_history (pipeline, source, status, counts, error_code, message, started_at, finished_at)
VALUES ('collect', %(source)s, %(status)s, %(counts)s::jsonb, %(error_code)s, %(message)s, clock_timestamp() - make_interval(secs => %(seconds)s),
        clock_timestamp());

-- newest_listing --
-- Listings begun within a second of each other are equally new: the history knows its starts only by clock and duration. What stood in for a source that was
-- down, with the code of that failure, is no listing of it.
SELECT started_at FROM public.processing_history
WHERE pipeline = 'collect' AND source = %(source)s AND status <> 'failure' AND error_code IS NULL AND started_at > to_timestamp(%(begun)s) + interval '1 second'
ORDER BY started_at DESC LIMIT 1;
