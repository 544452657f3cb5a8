-- What the collectors need: the same failing record must not pile up in the quarantine.
--
-- depends: 0006.privileges

ALTER TABLE public.quarantine
    ADD COLUMN content_hash text CONSTRAINT content_hash_is_sha256 CHECK (content_hash ~ '^[0-9a-f]{64}$');

CREATE UNIQUE INDEX quarantine_once ON public.quarantine (source, content_hash, code, field) NULLS NOT DISTINCT
    WHERE released_at IS NULL AND content_hash IS NOT NULL;

COMMENT ON COLUMN public.quarantine.content_hash IS 'SHA-256 of the record without view counters and the like, in lower-case hexadecimal; null where it was quarantined otherwise.';
COMMENT ON COLUMN public.raw_documents.content_hash IS
    'SHA-256 of the record''s JSON with sorted keys and without view counters and the like, in lower-case hexadecimal: a view is no new content.';
