-- The shape of each source's last good listing, for the quality gate.

-- last --
SELECT value FROM public.pipeline_metadata WHERE name = %(name)s;

-- keep --
-- Only a listing of another shape writes anything.
INSERT INTO public.pipeline_metadata AS m (name, value) VALUES (%(name)s, %(shape)s::jsonb)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now() WHERE m.value IS DISTINCT FROM excluded.value;
