-- The catalogue of files. %(files)s is a JSON array of rows, %(lineage)s one of {"parent_id", "child_id"}.

-- register --
INSERT INTO ops.files (file_id, kind, source, path, format, compression, row_count, byte_count, sha256, is_whole, origin)
SELECT file_id, kind, source, path, format, compression, row_count, byte_count, sha256, is_whole, coalesce(origin, '{}')
FROM jsonb_to_recordset(%(files)s::jsonb) AS f (file_id uuid, kind text, source text, path text, format text, compression text, row_count bigint,
    byte_count bigint, sha256 text, is_whole boolean, origin jsonb);

-- link --
INSERT INTO ops.file_lineage (parent_id, child_id)
SELECT parent_id, child_id FROM jsonb_to_recordset(%(lineage)s::jsonb) AS l (parent_id uuid, child_id uuid);

-- list --
SELECT file_id::text, kind, source, path, format, compression, row_count, byte_count, sha256, is_whole, origin, made_at
FROM ops.files
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(since)s::timestamptz IS NULL OR made_at >= %(since)s)
ORDER BY made_at DESC, path DESC LIMIT %(most)s;

-- find --
-- By the key, its beginning, or the path.
SELECT file_id::text, kind, source, path, format, compression, row_count, byte_count, sha256, is_whole, origin, made_at
FROM ops.files WHERE path = %(named)s OR starts_with(file_id::text, %(named)s) ORDER BY made_at LIMIT 2;

-- lineage --
-- Every file that this one came from, and every one that was made from it, with how many steps lie between: negative before it.
WITH RECURSIVE ancestors (file_id, steps) AS (
    SELECT parent_id, -1 FROM ops.file_lineage WHERE child_id = %(file_id)s::uuid
    UNION
    SELECT l.parent_id, a.steps - 1 FROM ancestors a JOIN ops.file_lineage l ON l.child_id = a.file_id
), descendants (file_id, steps) AS (
    SELECT child_id, 1 FROM ops.file_lineage WHERE parent_id = %(file_id)s::uuid
    UNION
    SELECT l.child_id, d.steps + 1 FROM descendants d JOIN ops.file_lineage l ON l.parent_id = d.file_id
)
SELECT steps, f.file_id::text, f.kind, f.path, f.row_count
FROM (SELECT * FROM ancestors UNION SELECT * FROM descendants) related JOIN ops.files f USING (file_id)
ORDER BY steps, f.path;

-- newest_processed --
SELECT DISTINCT ON (source) file_id::text, kind, source, path, format, compression, row_count, byte_count, sha256, is_whole, origin, made_at
FROM ops.files
WHERE kind = 'processed' AND (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[]))
ORDER BY source, made_at DESC;

-- policies --
SELECT policy_id, source, source_id, title, content, issuing_organization, operating_organization, category, target_regions, target_industries,
       funding_amount_min, funding_amount_max, interest_rate, application_start_date, application_end_date, application_period_text, detail_url, tags,
       status, quality_score, is_active, created_at, updated_at, version
FROM public.policies
WHERE (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[])) AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(since)s::timestamptz IS NULL OR updated_at >= %(since)s)
ORDER BY policy_id;

-- count_policies --
SELECT count(*) FROM public.policies
WHERE (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[])) AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND (%(since)s::timestamptz IS NULL OR updated_at >= %(since)s);

-- policies_after --
-- A page of them: nobody may keep a transaction open while models are asked.
SELECT policy_id, source, source_id, title, content, issuing_organization, operating_organization, category, target_regions, target_industries,
       funding_amount_min, funding_amount_max, interest_rate, application_start_date, application_end_date, application_period_text, detail_url, tags
FROM public.policies
WHERE (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[])) AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
  AND policy_id > %(after)s
ORDER BY policy_id LIMIT %(most)s;
