-- What the full validation reads and writes. %(batch)s is a JSON array of judgements: one statement a batch, so that a row, its judgement and its event are
-- in one transaction whoever asks.

-- rules --
SELECT rule_id, name, description, rule_type, condition::text AS condition, policy_ids, priority, is_active,
       CASE WHEN created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN created_at END AS created_at, updated_at, version
FROM public.business_rules WHERE rule_type = 'validation' ORDER BY priority DESC, rule_id;

-- due --
-- Pending policies; active ones that changed since their judgement, whose period ran out, or that lost the policy which spoke for them; and, where %(again)s,
-- all that a judgement could change: what a source withdrew stays archived.
SELECT p.policy_id, p.source, p.source_id, p.title, p.content, p.issuing_organization, p.operating_organization, p.category, p.target_regions,
       p.target_industries, p.funding_amount_min, p.funding_amount_max, p.interest_rate, p.application_start_date, p.application_end_date,
       p.application_period_text, p.detail_url, p.tags, p.status, p.quality_score, p.is_active,
       CASE WHEN p.created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN p.created_at END AS created_at, p.updated_at, p.version,
       coalesce(j.filled, '{}') AS filled
FROM public.policies p LEFT JOIN ops.judgements j USING (policy_id)
WHERE p.policy_id > %(after)s AND (%(source)s::text IS NULL OR p.source = %(source)s)
  AND (p.status = 'pending_validation'
       OR (p.status = 'active' AND (j.policy_id IS NULL OR j.judged_version <> p.version OR p.application_end_date < %(archived_before)s
                                  OR (j.canonical_id IS NOT NULL AND NOT EXISTS (
                                      SELECT FROM public.policies c WHERE c.policy_id = j.canonical_id AND c.status IN ('active', 'pending_validation')))))
       OR (%(again)s AND (p.status IN ('active', 'rejected') OR (p.status = 'archived' AND j.status = 'archived' AND j.judged_version = p.version))))
ORDER BY p.policy_id LIMIT %(limit)s;

-- due_count --
SELECT count(*) AS due
FROM public.policies p LEFT JOIN ops.judgements j USING (policy_id)
WHERE (%(source)s::text IS NULL OR p.source = %(source)s)
  AND (p.status = 'pending_validation'
       OR (p.status = 'active' AND (j.policy_id IS NULL OR j.judged_version <> p.version OR p.application_end_date < %(archived_before)s
                                  OR (j.canonical_id IS NOT NULL AND NOT EXISTS (
                                      SELECT FROM public.policies c WHERE c.policy_id = j.canonical_id AND c.status IN ('active', 'pending_validation')))))
       OR (%(again)s AND (p.status IN ('active', 'rejected') OR (p.status = 'archived' AND j.status = 'archived' AND j.judged_version = p.version))));

-- newly_spoken_for --
-- Of active policies beside the batch, those whose judgement does not yet name the policy that speaks for them. %(spoken_for)s: key → key.
SELECT p.policy_id, p.source, p.source_id, p.title, p.content, p.issuing_organization, p.operating_organization, p.category, p.target_regions,
       p.target_industries, p.funding_amount_min, p.funding_amount_max, p.interest_rate, p.application_start_date, p.application_end_date,
       p.application_period_text, p.detail_url, p.tags, p.status, p.quality_score, p.is_active,
       CASE WHEN p.created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN p.created_at END AS created_at, p.updated_at, p.version,
       j.filled
FROM public.policies p JOIN ops.judgements j USING (policy_id)
WHERE p.policy_id IN (SELECT jsonb_object_keys(%(spoken_for)s::jsonb)) AND p.status = 'active' AND j.judged_version = p.version
  AND j.canonical_id IS DISTINCT FROM (%(spoken_for)s::jsonb ->> p.policy_id)
ORDER BY p.policy_id;

-- spoken_for_no_longer --
-- Active policies whose judgement names one of %(judged)s as the policy that speaks for them, except %(members)s, of which that was just found.
SELECT p.policy_id, p.source, p.source_id, p.title, p.content, p.issuing_organization, p.operating_organization, p.category, p.target_regions,
       p.target_industries, p.funding_amount_min, p.funding_amount_max, p.interest_rate, p.application_start_date, p.application_end_date,
       p.application_period_text, p.detail_url, p.tags, p.status, p.quality_score, p.is_active,
       CASE WHEN p.created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN p.created_at END AS created_at, p.updated_at, p.version,
       j.filled
FROM public.policies p JOIN ops.judgements j USING (policy_id)
WHERE j.canonical_id = ANY (%(judged)s::text[]) AND p.policy_id <> ALL (%(members)s::text[]) AND p.status = 'active' AND j.judged_version = p.version
ORDER BY p.policy_id;

-- judge --
-- A row that changed since it was read is left alone: it is judged next time. Only rows that differ are locked and written, in the order of their keys, as
-- collectors do; a judgement that says nothing new writes nothing.
WITH incoming AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (
        policy_id text, version bigint, status text, is_active boolean, funding_amount_min bigint, funding_amount_max bigint, interest_rate numeric,
        application_start_date date, application_end_date date, target_regions text[], target_industries text[], completeness numeric, accuracy numeric,
        consistency numeric, timeliness numeric, quality_score numeric, reasons jsonb, filled jsonb, was_read jsonb, canonical_id text)
), standing AS MATERIALIZED (
    SELECT p.policy_id, p.source, p.version,
           (p.status, p.is_active, p.quality_score, p.funding_amount_min, p.funding_amount_max, p.interest_rate, p.application_start_date,
            p.application_end_date, p.target_regions, p.target_industries)
           IS DISTINCT FROM
           (i.status, i.is_active, i.quality_score, i.funding_amount_min, i.funding_amount_max, i.interest_rate, i.application_start_date,
            i.application_end_date, i.target_regions, i.target_industries) AS differs
    FROM public.policies p JOIN incoming i USING (policy_id, version)
), locked AS MATERIALIZED (
    SELECT p.policy_id FROM public.policies p JOIN standing s USING (policy_id, version) WHERE s.differs ORDER BY p.policy_id FOR NO KEY UPDATE OF p
), updated AS (
    UPDATE public.policies p SET
        status = i.status, is_active = i.is_active, quality_score = i.quality_score, funding_amount_min = i.funding_amount_min,
        funding_amount_max = i.funding_amount_max, interest_rate = i.interest_rate, application_start_date = i.application_start_date,
        application_end_date = i.application_end_date, target_regions = i.target_regions, target_industries = i.target_industries
    FROM incoming i JOIN locked USING (policy_id)
    WHERE p.policy_id = i.policy_id
    RETURNING p.policy_id, p.source, p.version
), settled AS (
    SELECT policy_id, source, version AS judged_version, true AS changed FROM updated
    UNION ALL SELECT policy_id, source, version, false FROM standing WHERE NOT differs
), news AS MATERIALIZED (
    SELECT i.*, s.source, s.judged_version, s.changed,
           (j.judged_version, j.status, j.reasons, j.quality_score, j.completeness, j.accuracy, j.consistency, j.timeliness, j.was_read, j.filled, j.canonical_id)
           IS DISTINCT FROM
           (s.judged_version, i.status, i.reasons, i.quality_score, i.completeness, i.accuracy, i.consistency, i.timeliness, i.was_read, i.filled, i.canonical_id)
           AS is_new
    FROM settled s JOIN incoming i USING (policy_id) LEFT JOIN ops.judgements j USING (policy_id)
), kept AS (
    INSERT INTO ops.judgements AS j (policy_id, judged_version, status, reasons, completeness, accuracy, consistency, timeliness, quality_score, was_read, filled,
                                     canonical_id, run_id)
    SELECT policy_id, judged_version, status, reasons, completeness, accuracy, consistency, timeliness, quality_score, was_read, filled, canonical_id, %(run_id)s
    FROM news WHERE is_new ORDER BY policy_id
    ON CONFLICT (policy_id) DO UPDATE SET
        judged_version = excluded.judged_version, status = excluded.status, reasons = excluded.reasons, completeness = excluded.completeness,
        accuracy = excluded.accuracy, consistency = excluded.consistency, timeliness = excluded.timeliness, quality_score = excluded.quality_score,
        was_read = excluded.was_read, filled = excluded.filled, canonical_id = excluded.canonical_id, run_id = excluded.run_id, judged_at = clock_timestamp()
), remembered AS (
    INSERT INTO ops.judgement_history (policy_id, judged_version, status, reasons, quality_score, canonical_id, run_id)
    SELECT policy_id, judged_version, status, reasons, quality_score, canonical_id, %(run_id)s FROM news WHERE is_new
), told AS (
    INSERT INTO public.outbox (aggregatetype, aggregateid, type, payload, traceparent, schema_version)
    SELECT 'policy', policy_id, 'data.quality_updated',
           jsonb_build_object(
               'policy_id', policy_id, 'source', source, 'version', judged_version, 'status', status, 'quality_score', quality_score,
               'parts', jsonb_build_object('completeness', completeness, 'accuracy', accuracy, 'consistency', consistency, 'timeliness', timeliness),
               'reasons', (SELECT coalesce(jsonb_agg(DISTINCT reason -> 'code'), '[]') FROM jsonb_array_elements(reasons) AS reason)),
           %(traceparent)s, '1.0'
    FROM news WHERE is_new
)
SELECT policy_id, changed, is_new FROM news;

-- judgement --
-- The last judgement of a policy, beside its row as it is now.
SELECT p.policy_id, p.source, p.title, p.status AS status_now, p.version AS version_now, j.judged_version, j.status, j.reasons, j.completeness, j.accuracy,
       j.consistency, j.timeliness, j.quality_score, j.was_read, j.filled, j.canonical_id, j.judged_at, j.run_id
FROM public.policies p LEFT JOIN ops.judgements j USING (policy_id) WHERE p.policy_id = %(policy_id)s;
