-- What the collectors remember of each source from one request to the next: the day's count, failures in a row, what was received unchanged.
--
-- depends: 0011.validator

CREATE TABLE ops.source_states (
    source text PRIMARY KEY CONSTRAINT source_is_given CHECK (source <> ''),
    day date,
    requests integer NOT NULL DEFAULT 0 CONSTRAINT requests_are_counted CHECK (requests >= 0),
    spent_at timestamptz,
    failures integer NOT NULL DEFAULT 0 CONSTRAINT failures_are_counted CHECK (failures >= 0),
    opened_at timestamptz,
    listed_at timestamptz,
    CONSTRAINT counts_have_their_day CHECK (day IS NOT NULL OR (requests = 0 AND spent_at IS NULL)),
    CONSTRAINT an_open_circuit_has_failures CHECK (opened_at IS NULL OR failures > 0)
);

COMMENT ON TABLE ops.source_states IS 'How each source may be asked next, for all processes and over restarts. Written with every request.';
COMMENT ON COLUMN ops.source_states.source IS 'Source, as in policies.';
COMMENT ON COLUMN ops.source_states.day IS 'The day in Korea that requests and spent_at are about.';
COMMENT ON COLUMN ops.source_states.requests IS 'Requests sent on that day, attempts included.';
COMMENT ON COLUMN ops.source_states.spent_at IS 'When the source said that the limit of that day is used up: it is not asked again before midnight in Korea.';
COMMENT ON COLUMN ops.source_states.failures IS 'Attempts in a row without an answer, or with a failure that may pass by itself.';
COMMENT ON COLUMN ops.source_states.opened_at IS 'Since when the source is left in peace, after five failures; moved on by each trial, one a minute.';
COMMENT ON COLUMN ops.source_states.listed_at IS 'When the last listing that was read whole was begun.';

CREATE TABLE ops.source_validators (
    source text NOT NULL CONSTRAINT source_is_given CHECK (source <> ''),
    resource text NOT NULL CONSTRAINT resource_is_given CHECK (resource <> ''),
    etag text,
    last_modified text,
    remembered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, resource),
    CONSTRAINT something_is_remembered CHECK (etag IS NOT NULL OR last_modified IS NOT NULL)
);

COMMENT ON TABLE ops.source_validators IS 'What a source gave along with a body that has been stored since, to ask whether it is still that one.';
COMMENT ON COLUMN ops.source_validators.source IS 'Source, as in policies.';
COMMENT ON COLUMN ops.source_validators.resource IS 'Address of the body, without keys.';
COMMENT ON COLUMN ops.source_validators.etag IS 'Its ETag, word for word.';
COMMENT ON COLUMN ops.source_validators.last_modified IS 'Its Last-Modified, word for word.';
COMMENT ON COLUMN ops.source_validators.remembered_at IS 'When it was stored; forgotten after 90 days.';

GRANT USAGE ON SCHEMA ops TO aegis_collector;
GRANT SELECT, INSERT, UPDATE ON ops.source_states TO aegis_collector;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.source_validators TO aegis_collector;
GRANT SELECT ON ops.source_states, ops.source_validators TO aegis_reader;
