-- Dead letters by cause: 10,000 of one cause are one line. And their state in one place, with the hold of a row that changed meanwhile marked as resolved.
--
-- depends: 0009.cold_path

CREATE FUNCTION ops.cause_of(message text, key text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := left(message, 2000);
BEGIN
    IF key <> '' THEN
        rest := regexp_replace(rest, '(?<![[:alnum:]_-])' || regexp_replace(key, '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_-])', '…', 'g');
    END IF;
    rest := regexp_replace(rest, '(?<![[:alnum:]])''[^'']*''(?![[:alnum:]])|"[^"]*"|`[^`]*`|“[^”]*”|‘[^’]*’', '…', 'g');
    rest := regexp_replace(rest, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+', '#', 'g');
    rest := regexp_replace(rest, '[-+]?[0-9]+([.,:][0-9]+)*', '#', 'g');
    rest := regexp_replace(rest, '#([-,;/ ]*#)+', '#', 'g');
    rest := regexp_replace(rest, '…([,; ]+…)+', '…', 'g');
    RETURN left(btrim(regexp_replace(rest, '\s+', ' ', 'g')), 300);
END
$$;

COMMENT ON FUNCTION ops.cause_of(text, text) IS
    'What an error says without what differs from row to row: the key and quoted values become …, numbers and identifiers #, runs of them one. At most 300 characters.';

-- Stored with the letter, so that listing 10,000 of them computes nothing.
ALTER TABLE ops.dead_letters
    ADD COLUMN cause text NOT NULL GENERATED ALWAYS AS (ops.cause_of(message, key)) STORED,
    ADD COLUMN fingerprint text NOT NULL GENERATED ALWAYS AS (
        left(md5(store || E'\x1f' || coalesce(table_name, '') || E'\x1f' || code || E'\x1f' || error_class || E'\x1f' || ops.cause_of(message, key)), 12)
    ) STORED,
    ADD COLUMN resolved_at timestamptz,
    DROP CONSTRAINT retried_or_discarded,
    ADD CONSTRAINT dealt_with_in_one_way CHECK (num_nonnulls(retried_at, discarded_at, resolved_at) <= 1);

COMMENT ON COLUMN ops.dead_letters.cause IS 'The message without keys, numbers and quoted values.';
COMMENT ON COLUMN ops.dead_letters.fingerprint IS 'The same for letters of one cause: of store, table, code, class of error and cause, 12 hexadecimal digits.';
COMMENT ON COLUMN ops.dead_letters.resolved_at IS 'When a retry found that there was nothing left to do: the row has a newer version, or is gone.';

-- Attempts are counted over all letters of a key, not only over those that wait.
CREATE INDEX dead_letters_of_key ON ops.dead_letters (table_name, key, store, version);
CREATE INDEX dead_letters_of_cause ON ops.dead_letters (fingerprint, id);

-- Static branches, as in ops.held_keys.
CREATE VIEW ops.letters AS
SELECT letter.*,
       now_there.version AS row_version,
       CASE
           WHEN letter.retried_at IS NOT NULL THEN 'retried'
           WHEN letter.discarded_at IS NOT NULL THEN 'discarded'
           WHEN letter.resolved_at IS NOT NULL THEN 'resolved'
           WHEN letter.version IS NULL THEN 'open'
           WHEN letter.version = now_there.version THEN 'held'
           ELSE 'resolved'
       END AS state,
       letter.retried_at IS NULL AND letter.discarded_at IS NULL AND letter.resolved_at IS NULL AS waiting
FROM ops.dead_letters AS letter
CROSS JOIN LATERAL (
    SELECT CASE letter.table_name
        WHEN 'policies' THEN (SELECT version FROM public.policies WHERE policy_id = letter.key)
        WHEN 'users' THEN (SELECT version FROM public.users WHERE user_id = letter.key)
        WHEN 'business_rules' THEN (SELECT version FROM public.business_rules WHERE rule_id = letter.key)
    END AS version
) AS now_there;

COMMENT ON VIEW ops.letters IS 'Dead letters with the version that their row has now, and what is to be done about them.';
DO $$
DECLARE
    described record;
BEGIN
    FOR described IN
        SELECT attname AS name, col_description(attrelid, attnum) AS says FROM pg_attribute
        WHERE attrelid = 'ops.dead_letters'::regclass AND attnum > 0 AND NOT attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN ops.letters.%I IS %L', described.name, described.says);
    END LOOP;
END
$$;
COMMENT ON COLUMN ops.letters.row_version IS 'Version that the row has now; null: it is gone, or the bytes could not be decoded.';
COMMENT ON COLUMN ops.letters.state IS
    'held (the row still has the version that was rejected), open (bytes that could not be decoded), retried, discarded, or resolved (newer version, or no row).';
COMMENT ON COLUMN ops.letters.waiting IS 'Nobody has dealt with it, though a newer version or a delete of the row may have resolved it by itself.';

GRANT SELECT ON ops.letters TO aegis_reader, aegis_operator;
GRANT UPDATE (resolved_at) ON ops.dead_letters TO aegis_operator;
