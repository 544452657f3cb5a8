-- Dead letters, held keys, and the touch that retries a row.
--
-- depends: 0003.history

CREATE SCHEMA ops;

COMMENT ON SCHEMA ops IS 'What operators watch and act on.';

CREATE TABLE ops.dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store text NOT NULL CONSTRAINT store_is_given CHECK (store <> ''),
    table_name text,
    key text,
    version bigint CONSTRAINT version_is_drawn CHECK (version > 0),
    rank text CONSTRAINT rank_is_known CHECK (rank IN ('UPSERT', 'COMPENSATION', 'REPAIR', 'DELETE')),
    code text NOT NULL CONSTRAINT code_is_a_code CHECK (code ~ '^DP_[0-9]{4}$'),
    error_class text NOT NULL,
    message text NOT NULL,
    stack text,
    topic text NOT NULL,
    partition integer NOT NULL CONSTRAINT partition_is_not_negative CHECK (partition >= 0),
    "offset" bigint NOT NULL CONSTRAINT offset_is_not_negative CHECK ("offset" >= 0),
    key_bytes bytea,
    value_bytes bytea,
    attempt integer NOT NULL DEFAULT 1 CONSTRAINT attempt_counts_from_one CHECK (attempt >= 1),
    traceparent text,
    failed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    retried_at timestamptz,
    discarded_at timestamptz,
    discard_reason text,
    CONSTRAINT dead_letters_position_key UNIQUE (store, topic, partition, "offset"),
    CONSTRAINT a_stamp_is_whole CHECK ((version IS NULL) = (rank IS NULL)),
    CONSTRAINT a_stamp_has_its_key CHECK (version IS NULL OR (table_name IS NOT NULL AND key IS NOT NULL)),
    CONSTRAINT a_discard_says_why CHECK ((discarded_at IS NULL) = (discard_reason IS NULL)),
    CONSTRAINT retried_or_discarded CHECK (retried_at IS NULL OR discarded_at IS NULL)
);

CREATE INDEX dead_letters_open ON ops.dead_letters (table_name, key, store, version) WHERE retried_at IS NULL AND discarded_at IS NULL;

COMMENT ON TABLE ops.dead_letters IS 'Changes that a derived store rejected for good, and bytes that are no change; filled from data-pipeline-dlq.';
COMMENT ON COLUMN ops.dead_letters.id IS 'Key.';
COMMENT ON COLUMN ops.dead_letters.store IS 'Derived store that rejected it.';
COMMENT ON COLUMN ops.dead_letters.table_name IS 'Captured table of the row; null where the bytes could not be decoded.';
COMMENT ON COLUMN ops.dead_letters.key IS 'Primary key of the row, as text; null where the bytes could not be decoded.';
COMMENT ON COLUMN ops.dead_letters.version IS 'Version of the row that was rejected; null where the bytes could not be decoded.';
COMMENT ON COLUMN ops.dead_letters.rank IS 'Rank of the stamp: UPSERT, COMPENSATION, REPAIR or DELETE.';
COMMENT ON COLUMN ops.dead_letters.code IS 'Error code, DP_ and four digits.';
COMMENT ON COLUMN ops.dead_letters.error_class IS 'Class of the error.';
COMMENT ON COLUMN ops.dead_letters.message IS 'What the store said.';
COMMENT ON COLUMN ops.dead_letters.stack IS 'Where it was raised.';
COMMENT ON COLUMN ops.dead_letters.topic IS 'Kafka topic that it came from.';
COMMENT ON COLUMN ops.dead_letters.partition IS 'Partition of that topic.';
COMMENT ON COLUMN ops.dead_letters."offset" IS 'Offset in that partition.';
COMMENT ON COLUMN ops.dead_letters.key_bytes IS 'Key of the Kafka record, as it was.';
COMMENT ON COLUMN ops.dead_letters.value_bytes IS 'Value of the Kafka record, as it was.';
COMMENT ON COLUMN ops.dead_letters.attempt IS 'How often it had been tried, the last time included.';
COMMENT ON COLUMN ops.dead_letters.traceparent IS 'W3C trace context that it carried.';
COMMENT ON COLUMN ops.dead_letters.failed_at IS 'When the store rejected it.';
COMMENT ON COLUMN ops.dead_letters.received_at IS 'When it was stored here.';
COMMENT ON COLUMN ops.dead_letters.retried_at IS 'When its row was touched for a retry.';
COMMENT ON COLUMN ops.dead_letters.discarded_at IS 'When an operator gave it up.';
COMMENT ON COLUMN ops.dead_letters.discard_reason IS 'Why it was given up.';

-- Static branches: a lookup by primary key each, and no name of a table is ever taken from data.
CREATE VIEW ops.held_keys AS
SELECT DISTINCT ON (letter.table_name, letter.key, letter.store)
    letter.table_name, letter.key, letter.store, letter.version, letter.id AS dead_letter_id, letter.code, letter.message, letter.failed_at
FROM ops.dead_letters AS letter
WHERE letter.retried_at IS NULL
  AND letter.discarded_at IS NULL
  AND letter.version = CASE letter.table_name
      WHEN 'policies' THEN (SELECT version FROM public.policies WHERE policy_id = letter.key)
      WHEN 'users' THEN (SELECT version FROM public.users WHERE user_id = letter.key)
      WHEN 'business_rules' THEN (SELECT version FROM public.business_rules WHERE rule_id = letter.key)
  END
ORDER BY letter.table_name, letter.key, letter.store, letter.id DESC;

COMMENT ON VIEW ops.held_keys IS
    'Keys that one derived store rejected at the version that the row still has. A newer version, or the delete of the row, resolves the hold by itself.';
COMMENT ON COLUMN ops.held_keys.table_name IS 'Captured table of the row.';
COMMENT ON COLUMN ops.held_keys.key IS 'Primary key of the row, as text.';
COMMENT ON COLUMN ops.held_keys.store IS 'Derived store that rejected it.';
COMMENT ON COLUMN ops.held_keys.version IS 'Version that was rejected, and that the row still has.';
COMMENT ON COLUMN ops.held_keys.dead_letter_id IS 'The newest open dead letter of that key and store.';
COMMENT ON COLUMN ops.held_keys.code IS 'Error code of that dead letter.';
COMMENT ON COLUMN ops.held_keys.message IS 'What the store said.';
COMMENT ON COLUMN ops.held_keys.failed_at IS 'When the store rejected it.';

CREATE FUNCTION ops.touch(table_name text, key text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    drawn bigint;
BEGIN
    CASE touch.table_name
        WHEN 'policies' THEN UPDATE public.policies SET updated_at = updated_at WHERE policy_id = touch.key RETURNING version INTO drawn;
        WHEN 'users' THEN UPDATE public.users SET updated_at = updated_at WHERE user_id = touch.key RETURNING version INTO drawn;
        WHEN 'business_rules' THEN UPDATE public.business_rules SET updated_at = updated_at WHERE rule_id = touch.key RETURNING version INTO drawn;
        ELSE
            RAISE EXCEPTION 'no captured table is named %', quote_literal(touch.table_name)
                USING ERRCODE = 'undefined_table', HINT = 'name one of: policies, users, business_rules';
    END CASE;
    RETURN drawn;
END
$$;

COMMENT ON FUNCTION ops.touch(text, text) IS
    'Updates a captured row without changing it, so that it draws a new version and flows through the log to every store. Returns that version; null: no such row.';
