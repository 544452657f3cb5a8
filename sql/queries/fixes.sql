-- Fixes: which are exempt, which are new, and what a person asks about them. %(batch)s is a JSON array of fixes.

-- exempt --
SELECT DISTINCT policy_id, field, kind FROM ops.fixes WHERE policy_id = ANY (%(policy_ids)s::text[]) AND undone_at IS NOT NULL;

-- add --
-- What is listed already is left out before the insert: its conflict arm would draw a key.
WITH incoming AS (
    SELECT i.* FROM jsonb_to_recordset(%(batch)s::jsonb) AS i (policy_id text, field text, kind text, before jsonb, after jsonb, on_undo jsonb)
), added AS (
    INSERT INTO ops.fixes (policy_id, source, field, kind, before, after, on_undo)
    SELECT i.policy_id, %(source)s, i.field, i.kind, i.before, i.after, i.on_undo
    FROM incoming i
    WHERE NOT EXISTS (
        SELECT FROM ops.fixes f
        WHERE f.policy_id = i.policy_id AND f.field = i.field AND f.kind = i.kind AND f.before = i.before AND f.after = i.after AND f.undone_at IS NULL)
    ON CONFLICT (policy_id, field, kind, md5(before::text), md5(after::text)) WHERE undone_at IS NULL DO NOTHING
    RETURNING fix_id, policy_id, field, kind
)
INSERT INTO public.audit_logs (action, table_name, key, after, reason)
SELECT 'fix', 'policies', a.policy_id, jsonb_build_object('fix_id', a.fix_id, 'field', a.field, 'kind', a.kind), 'certain fault of the source''s record'
FROM added a;

-- list --
-- Long texts are cut: the whole of them stands in the table.
SELECT f.fix_id, f.policy_id, f.source, p.source_id, left(p.title, 80) AS title, f.field, f.kind, left(f.before::text, 200) AS before,
       left(f.after::text, 200) AS after, f.made_at, f.undone_at, f.undone_because
FROM ops.fixes f LEFT JOIN public.policies p USING (policy_id)
WHERE (%(source)s::text IS NULL OR f.source = %(source)s) AND (%(kind)s::text IS NULL OR f.kind = %(kind)s)
ORDER BY f.fix_id DESC LIMIT %(limit)s;

-- counts --
SELECT source, kind, count(*) AS made, count(undone_at) AS undone FROM ops.fixes
WHERE %(source)s::text IS NULL OR source = %(source)s
GROUP BY source, kind ORDER BY source, kind;

-- undo --
SELECT ops.undo_fix(%(fix_id)s, %(reason)s, %(dry_run)s);
