-- Quality per source and day: what is measured, what is kept of it, and what is asked of the days before.

-- policies --
SELECT policy_id, source, source_id, title, content, issuing_organization, operating_organization, category, target_regions, target_industries,
       funding_amount_min, funding_amount_max, interest_rate, application_start_date, application_end_date, application_period_text, detail_url, tags,
       status, quality_score, is_active,
       CASE WHEN created_at BETWEEN '0001-01-02T00:00:00Z' AND '9999-12-30T00:00:00Z' THEN created_at END AS created_at, updated_at, version
FROM public.policies
WHERE status <> 'archived' AND (%(source)s::text IS NULL OR source = %(source)s);

-- keep --
-- A second run of the day replaces what differs and leaves the rest untouched.
INSERT INTO public.quality_metrics AS m (metric, scope, value, sample_size, day, detail)
SELECT i.metric, i.scope, i.value, i.sample_size, %(day)s, i.detail
FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (metric text, scope text, value double precision, sample_size bigint, detail jsonb)
ON CONFLICT (metric, scope, day) WHERE day IS NOT NULL DO UPDATE
SET value = excluded.value, sample_size = excluded.sample_size, detail = excluded.detail, measured_at = excluded.measured_at
WHERE (m.value, m.sample_size, m.detail) IS DISTINCT FROM (excluded.value, excluded.sample_size, excluded.detail);

-- series --
SELECT scope, metric, day, value FROM public.quality_metrics
WHERE day >= %(since)s AND day < %(day)s AND metric <> 'profile' AND (%(source)s::text IS NULL OR scope = %(source)s)
ORDER BY scope, metric, day;

-- profiles --
SELECT scope, day, detail FROM public.quality_metrics
WHERE day >= %(since)s AND day < %(day)s AND metric = 'profile' AND (%(source)s::text IS NULL OR scope = %(source)s)
ORDER BY scope, day;

-- quarantined --
SELECT source, code, count(*) FROM public.quarantine
WHERE released_at IS NULL AND (%(source)s::text IS NULL OR source = %(source)s)
GROUP BY source, code ORDER BY source, code;

-- record --
INSERT INTO public.processing_history (pipeline, status, counts, started_at, finished_at)
VALUES ('quality', 'success', %(counts)s::jsonb, clock_timestamp() - make_interval(secs => %(seconds)s), clock_timestamp());
