-- What is known of the notices of a site.

-- latest --
-- Each notice as it was received last; one in the quarantine was received, too.
SELECT DISTINCT ON (source_id) source_id, body
FROM (
    SELECT source_id, body, fetched_at AS received_at FROM public.raw_documents WHERE source = %(source)s AND source_id = ANY (%(source_ids)s::text[])
    UNION ALL
    SELECT source_id, raw, created_at FROM public.quarantine
    WHERE source = %(source)s AND source_id = ANY (%(source_ids)s::text[]) AND released_at IS NULL
) AS received
ORDER BY source_id, received_at DESC;
