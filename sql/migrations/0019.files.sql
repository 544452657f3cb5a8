-- The catalogue of files for analysts: what was written where, of what, and from what.
--
-- depends: 0011.validator

CREATE TABLE ops.files (
    file_id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT kind_is_known CHECK (kind IN ('raw', 'processed', 'cleaned', 'export')),
    source text CONSTRAINT source_is_named CHECK (source <> ''),
    path text NOT NULL CONSTRAINT path_is_given CHECK (path <> '') CONSTRAINT files_path_key UNIQUE,
    format text NOT NULL CONSTRAINT format_is_known CHECK (format IN ('parquet', 'csv', 'jsonl')),
    compression text CONSTRAINT compression_is_named CHECK (compression <> ''),
    row_count bigint NOT NULL CONSTRAINT row_count_is_not_negative CHECK (row_count >= 0),
    byte_count bigint NOT NULL CONSTRAINT byte_count_is_not_negative CHECK (byte_count >= 0),
    sha256 text NOT NULL CONSTRAINT sha256_is_a_checksum CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    is_whole boolean NOT NULL DEFAULT true,
    origin jsonb NOT NULL DEFAULT '{}' CONSTRAINT origin_is_an_object CHECK (jsonb_typeof(origin) = 'object'),
    made_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX files_recent ON ops.files (kind, source, made_at DESC);

COMMENT ON TABLE ops.files IS 'Files for analysts, one row each, written when the file is whole. Append-only.';
COMMENT ON COLUMN ops.files.file_id IS 'Key.';
COMMENT ON COLUMN ops.files.kind IS 'raw (records as received), processed (drafts and refusals), cleaned (by a language model) or export.';
COMMENT ON COLUMN ops.files.source IS 'Source that the records came from; null where they come from several.';
COMMENT ON COLUMN ops.files.path IS 'Where it is, below the folder or bucket of AEGIS_FILES_URL.';
COMMENT ON COLUMN ops.files.format IS 'parquet, csv or jsonl.';
COMMENT ON COLUMN ops.files.compression IS 'Codec inside the file; null: none.';
COMMENT ON COLUMN ops.files.row_count IS 'Records in it.';
COMMENT ON COLUMN ops.files.byte_count IS 'Its size.';
COMMENT ON COLUMN ops.files.sha256 IS 'SHA-256 of its bytes, in lower-case hexadecimal.';
COMMENT ON COLUMN ops.files.is_whole IS 'False where a source failed in the middle: the file has what was received until then.';
COMMENT ON COLUMN ops.files.origin IS 'What was read for it where that is no file: table, filters, WAL position.';
COMMENT ON COLUMN ops.files.made_at IS 'When it was finished.';

CREATE TABLE ops.file_lineage (
    parent_id uuid NOT NULL REFERENCES ops.files,
    child_id uuid NOT NULL REFERENCES ops.files,
    PRIMARY KEY (child_id, parent_id),
    CONSTRAINT nothing_is_its_own_parent CHECK (parent_id <> child_id)
);

CREATE INDEX file_lineage_children ON ops.file_lineage (parent_id);

COMMENT ON TABLE ops.file_lineage IS 'Which file was made from which. The rows of a processed file name their raw file and its row themselves.';
COMMENT ON COLUMN ops.file_lineage.parent_id IS 'The file that was read.';
COMMENT ON COLUMN ops.file_lineage.child_id IS 'The file that was made from it.';

GRANT SELECT, INSERT ON ops.files, ops.file_lineage TO aegis_collector, aegis_validator;
GRANT SELECT ON ops.files, ops.file_lineage TO aegis_reader;
GRANT USAGE ON SCHEMA ops TO aegis_collector;
