-- Events: the shape of each type and version, checked where an event is written; and how far the derived stores have come with each policy.
--
-- depends: 0011.validator

CREATE TABLE ops.event_schemas (
    type text NOT NULL,
    version text NOT NULL CONSTRAINT version_is_a_version CHECK (version ~ '^[0-9]+[.][0-9]+$'),
    definition jsonb NOT NULL CONSTRAINT definition_is_a_record CHECK (definition ->> 'type' IS NOT DISTINCT FROM 'record'),
    PRIMARY KEY (type, version)
);

COMMENT ON TABLE ops.event_schemas IS 'What the payload of each type of event holds, version beside version: schemas/avro/events, which a test keeps equal to this.';
COMMENT ON COLUMN ops.event_schemas.type IS 'Kind of event, for example policy.validated.';
COMMENT ON COLUMN ops.event_schemas.version IS 'Version of the payload''s shape, major.minor.';
COMMENT ON COLUMN ops.event_schemas.definition IS 'Avro schema of the payload.';

INSERT INTO ops.event_schemas (type, version, definition) VALUES
    ('policy.validated', '1.0', '{
  "type": "record",
  "name": "PolicyValidated",
  "namespace": "aegis.events",
  "doc": "A policy was taken in, new or changed, and passed the basic validation.",
  "fields": [
    {
      "name": "policy_id",
      "type": "string"
    },
    {
      "name": "source",
      "type": "string",
      "doc": "Portal or feed that the policy came from."
    },
    {
      "name": "source_id",
      "type": "string",
      "doc": "The source''s own identifier."
    },
    {
      "name": "status",
      "type": "string",
      "doc": "Of the row as it was stored."
    },
    {
      "name": "version",
      "type": "long",
      "doc": "Of the row as it was stored."
    },
    {
      "name": "operation",
      "type": {
        "type": "enum",
        "name": "Operation",
        "symbols": [
          "created",
          "updated"
        ]
      }
    }
  ]
}'),
    ('data.quality_updated', '1.0', '{
  "type": "record",
  "name": "QualityUpdated",
  "namespace": "aegis.events",
  "doc": "A policy was judged: its status and quality score are those of the full validation.",
  "fields": [
    {
      "name": "policy_id",
      "type": "string"
    },
    {
      "name": "source",
      "type": "string",
      "doc": "Portal or feed that the policy came from."
    },
    {
      "name": "version",
      "type": "long",
      "doc": "Of the row with the judgement."
    },
    {
      "name": "status",
      "type": {
        "type": "enum",
        "name": "Status",
        "symbols": [
          "pending_validation",
          "active",
          "rejected",
          "archived"
        ]
      }
    },
    {
      "name": "quality_score",
      "type": "double",
      "doc": "Total, 0 to 1."
    },
    {
      "name": "parts",
      "type": {
        "type": "map",
        "values": "double"
      },
      "doc": "Part of the score, for example completeness, to its value, 0 to 1."
    },
    {
      "name": "reasons",
      "type": {
        "type": "array",
        "items": "string"
      },
      "doc": "Codes of what decided the status and lowered the score."
    }
  ]
}'),
    ('data.sync_completed', '1.0', '{
  "type": "record",
  "name": "SyncCompleted",
  "namespace": "aegis.events",
  "doc": "All derived stores hold one version of a policy.",
  "fields": [
    {
      "name": "policy_id",
      "type": "string"
    },
    {
      "name": "version",
      "type": "long",
      "doc": "That all stores hold."
    },
    {
      "name": "outcome",
      "type": {
        "type": "enum",
        "name": "Outcome",
        "symbols": [
          "stored",
          "compensated",
          "deleted"
        ]
      },
      "doc": "stored: as the row says; compensated: a store rejected it, so that all hold what was before, or nothing; deleted: the row is gone, and its records."
    },
    {
      "name": "stores",
      "type": {
        "type": "map",
        "values": "string"
      },
      "doc": "Store to the rank that it holds the version at."
    }
  ]
}');

-- A payload is JSON; it fits an Avro schema when each value has the schema's type, no field is unknown, and none is absent that has no default.
-- Types that JSON cannot say (bytes, fixed) and references to named types are not understood, hence refused.
CREATE FUNCTION ops.event_misfit(schema jsonb, value jsonb, path text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    kind text;
    given text := pg_catalog.jsonb_typeof(value);
    part record;
    misfit text;
BEGIN
    IF pg_catalog.jsonb_typeof(schema) = 'array' THEN
        FOR part IN SELECT branch FROM pg_catalog.jsonb_array_elements(schema) AS branches (branch) LOOP
            IF ops.event_misfit(part.branch, value, path) IS NULL THEN
                RETURN NULL;
            END IF;
        END LOOP;
        RETURN path || ' is none of what it may be';
    END IF;
    IF pg_catalog.jsonb_typeof(schema) = 'object' AND pg_catalog.jsonb_typeof(schema -> 'type') <> 'string' THEN
        RETURN ops.event_misfit(schema -> 'type', value, path);
    END IF;
    kind := CASE pg_catalog.jsonb_typeof(schema) WHEN 'object' THEN schema ->> 'type' ELSE schema #>> '{}' END;
    IF given IS DISTINCT FROM (CASE kind
            WHEN 'record' THEN 'object' WHEN 'map' THEN 'object' WHEN 'array' THEN 'array' WHEN 'enum' THEN 'string' WHEN 'string' THEN 'string'
            WHEN 'boolean' THEN 'boolean' WHEN 'null' THEN 'null'
            WHEN 'int' THEN 'number' WHEN 'long' THEN 'number' WHEN 'float' THEN 'number' WHEN 'double' THEN 'number' END) THEN
        RETURN path || ' is ' || coalesce(given, 'absent') || ', not ' || coalesce(kind, 'anything known');
    END IF;
    IF kind = 'record' THEN
        FOR part IN
            SELECT field ->> 'name' AS name, field AS definition, field ? 'default' AS optional
            FROM pg_catalog.jsonb_array_elements(schema -> 'fields') AS fields (field)
        LOOP
            IF value ? part.name THEN
                misfit := ops.event_misfit(part.definition -> 'type', value -> part.name, path || '.' || part.name);
            ELSIF NOT part.optional THEN
                misfit := path || '.' || part.name || ' is absent';
            END IF;
            IF misfit IS NOT NULL THEN
                RETURN misfit;
            END IF;
        END LOOP;
        SELECT path || '.' || name || ' is unknown' INTO misfit FROM pg_catalog.jsonb_object_keys(value) AS names (name)
        WHERE NOT pg_catalog.jsonb_path_exists(schema, '$.fields[*].name ? (@ == $name)', pg_catalog.jsonb_build_object('name', name)) LIMIT 1;
        RETURN misfit;
    ELSIF kind = 'map' OR kind = 'array' THEN
        FOR part IN
            SELECT ops.event_misfit(schema -> 'values', entry.value, path || '.' || entry.key) AS misfit
            FROM pg_catalog.jsonb_each(CASE kind WHEN 'map' THEN value ELSE '{}' END) AS entry
            UNION ALL
            SELECT ops.event_misfit(schema -> 'items', item.value, path || '[' || (item.place - 1) || ']')
            FROM pg_catalog.jsonb_array_elements(CASE kind WHEN 'array' THEN value ELSE '[]' END) WITH ORDINALITY AS item (value, place)
        LOOP
            IF part.misfit IS NOT NULL THEN
                RETURN part.misfit;
            END IF;
        END LOOP;
    ELSIF kind = 'enum' AND NOT schema -> 'symbols' ? (value #>> '{}') THEN
        RETURN path || ' is none of ' || (schema ->> 'symbols');
    ELSIF kind IN ('int', 'long') AND (value #>> '{}')::numeric % 1 <> 0 THEN
        RETURN path || ' is no whole number';
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION ops.event_misfit(jsonb, jsonb, text) IS 'What of a JSON value does not fit an Avro schema, named by its path; null where it fits.';

-- Columns, since the event router copies columns into headers, and a header that Connect itself inserts cannot hold the text 1.0.
ALTER TABLE public.outbox
    ADD COLUMN dataschema text,
    ADD COLUMN specversion text NOT NULL DEFAULT '1.0' CONSTRAINT specversion_is_ours CHECK (specversion = '1.0');

COMMENT ON COLUMN public.outbox.dataschema IS 'URI of the payload''s schema, made of type and version; null in a row of before there were schemas.';
COMMENT ON COLUMN public.outbox.specversion IS 'Version of CloudEvents that the envelope follows.';

CREATE FUNCTION ops.check_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    schema jsonb;
    misfit text;
BEGIN
    SELECT definition INTO schema FROM ops.event_schemas WHERE type = NEW.type AND version = NEW.schema_version;
    misfit := CASE WHEN schema IS NULL THEN 'there is no such event' ELSE ops.event_misfit(schema, NEW.payload, 'payload') END;
    IF misfit IS NOT NULL THEN
        RAISE EXCEPTION 'event % % of % %: %', NEW.type, NEW.schema_version, NEW.aggregatetype, NEW.aggregateid, misfit
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payload_fits_its_schema',
                  HINT = 'what an event holds stands in ops.event_schemas and schemas/avro/events; a new field needs a new version there';
    END IF;
    NEW.dataschema := 'urn:aegis:events:' || NEW.type || ':' || NEW.schema_version;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION ops.check_event() IS 'Refuses an event whose type, version or payload nobody has described, in the transaction that writes it.';

CREATE TRIGGER check_event BEFORE INSERT OR UPDATE ON public.outbox FOR EACH ROW EXECUTE FUNCTION ops.check_event();

CREATE TABLE ops.sync_progress (
    policy_id text PRIMARY KEY CONSTRAINT policy_id_is_given CHECK (policy_id <> ''),
    milvus bigint CONSTRAINT milvus_is_a_stamp CHECK (milvus >= 4),
    neo4j bigint CONSTRAINT neo4j_is_a_stamp CHECK (neo4j >= 4),
    elasticsearch bigint CONSTRAINT elasticsearch_is_a_stamp CHECK (elasticsearch >= 4),
    redis bigint CONSTRAINT redis_is_a_stamp CHECK (redis >= 4),
    completed_stamp bigint CONSTRAINT completed_stamp_is_a_stamp CHECK (completed_stamp >= 4),
    completed_version bigint GENERATED ALWAYS AS (completed_stamp / 4) STORED,
    completed_at timestamptz,
    CONSTRAINT completed_by_all CHECK (completed_stamp IS NULL OR (num_nulls(milvus, neo4j, elasticsearch, redis) = 0
        AND completed_stamp / 4 <= least(milvus, neo4j, elasticsearch, redis) / 4)),
    CONSTRAINT completion_has_its_time CHECK ((completed_stamp IS NULL) = (completed_at IS NULL))
) WITH (fillfactor = 70);

COMMENT ON TABLE ops.sync_progress IS
    'How far each derived store has come with each policy, by the receipts of the stream apps. Rows of deleted policies go two weeks after all stores knew.';
COMMENT ON COLUMN ops.sync_progress.policy_id IS 'Key of the policy, which may be gone by now.';
COMMENT ON COLUMN ops.sync_progress.milvus IS 'Highest stamp that Milvus answered for, packed: version * 4 + rank; null: none yet.';
COMMENT ON COLUMN ops.sync_progress.neo4j IS 'The same of Neo4j.';
COMMENT ON COLUMN ops.sync_progress.elasticsearch IS 'The same of Elasticsearch.';
COMMENT ON COLUMN ops.sync_progress.redis IS 'The same of Redis.';
COMMENT ON COLUMN ops.sync_progress.completed_stamp IS
    'Newest version that all four held at once, packed with rank 0 (stored), 1 (compensated) or 3 (deleted); data.sync_completed was written with it.';
COMMENT ON COLUMN ops.sync_progress.completed_version IS 'The version in completed_stamp.';
COMMENT ON COLUMN ops.sync_progress.completed_at IS 'When that was seen.';

-- Every writer of events needs the schemas.
GRANT USAGE ON SCHEMA ops TO aegis_collector;
GRANT SELECT ON ops.event_schemas TO aegis_collector, aegis_validator, aegis_operator, aegis_reader;
GRANT INSERT ON public.outbox TO aegis_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.sync_progress TO aegis_operator;
GRANT SELECT ON ops.sync_progress TO aegis_reader;
