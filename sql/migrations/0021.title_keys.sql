-- By what of its title a policy is looked up among those of other sources.
--
-- depends: 0014.judgements

CREATE FUNCTION ops.title_key(title text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT left(regexp_replace(lower(regexp_replace(regexp_replace(title, '\[[^\]]{0,60}\]|\([^)]{0,60}\)|「|」', ' ', 'g'),
        '[0-9]{2,4}\s*(년도|년|학년도)|제?\s*[0-9]+\s*(차|회|기|분기)', ' ', 'g')), '[^가-힣a-z]', '', 'g'), 8)
$$;

COMMENT ON FUNCTION ops.title_key(text) IS
    'The first eight letters of a title without brackets, years and numbers of a round: policies with one key are held against each other as duplicates.';

CREATE INDEX policies_by_title_key ON public.policies (ops.title_key(title));

-- Whoever writes a title computes its key for the index.
GRANT USAGE ON SCHEMA ops TO aegis_collector, aegis_validator;
