-- Files that were dropped into a folder: each is taken once.
--
-- depends: 0011.validator

CREATE TABLE ops.taken_files (
    source text NOT NULL CONSTRAINT source_is_a_folder CHECK (source ~ '^files[.][^[:space:][:cntrl:]]+$'),
    content_hash text NOT NULL CONSTRAINT content_hash_is_sha256 CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    name text NOT NULL CONSTRAINT name_is_given CHECK (name <> ''),
    byte_count bigint NOT NULL CONSTRAINT byte_count_is_not_negative CHECK (byte_count >= 0),
    records bigint NOT NULL CONSTRAINT records_are_not_negative CHECK (records >= 0),
    quarantined bigint NOT NULL CONSTRAINT quarantined_are_some_of_them CHECK (quarantined BETWEEN 0 AND records),
    taken_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, content_hash)
);

COMMENT ON TABLE ops.taken_files IS 'Files taken into policies, written in the transaction that stored their records: whole or not at all, and each content once.';
COMMENT ON COLUMN ops.taken_files.source IS 'The folder, as in policies.source: files.<folder>.';
COMMENT ON COLUMN ops.taken_files.content_hash IS 'SHA-256 of the file, in lower-case hexadecimal.';
COMMENT ON COLUMN ops.taken_files.name IS 'The name that the file had.';
COMMENT ON COLUMN ops.taken_files.byte_count IS 'Its size.';
COMMENT ON COLUMN ops.taken_files.records IS 'Records in it.';
COMMENT ON COLUMN ops.taken_files.quarantined IS 'Those of them that went to the quarantine.';
COMMENT ON COLUMN ops.taken_files.taken_at IS 'When it was taken.';

GRANT USAGE ON SCHEMA ops TO aegis_collector;
GRANT SELECT, INSERT ON ops.taken_files TO aegis_collector;
GRANT SELECT ON ops.taken_files TO aegis_reader, aegis_validator;
