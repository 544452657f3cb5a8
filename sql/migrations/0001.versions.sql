-- Roles that later migrations grant to, and the one sequence that every captured row draws its version from.
--
-- depends:

-- Roles belong to the cluster, not to this database: made here only where nobody made them before (`make up` makes them with passwords).
DO $$
DECLARE
    missing text;
BEGIN
    FOR missing IN
        SELECT wanted FROM unnest(ARRAY['aegis_collector', 'aegis_cdc', 'aegis_reader', 'aegis_operator']) AS wanted
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted)
    LOOP
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', missing);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                RAISE NOTICE 'role % was made by another session meanwhile', missing;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % does not exist and % may not create it', missing, current_user
                    USING HINT = pg_catalog.format('as a superuser: CREATE ROLE %I LOGIN', missing);
        END;
    END LOOP;
END
$$;

-- CACHE 1: a session that hoarded versions would hand out old ones after another session's newer ones, and its changes would look stale.
-- MAXVALUE 2^61 - 1: a stamp (version * 4 + rank) must fit a signed 64-bit integer.
CREATE SEQUENCE public.aegis_version_seq AS bigint MINVALUE 1 MAXVALUE 2305843009213693951 START 1 CACHE 1 NO CYCLE;

COMMENT ON SEQUENCE public.aegis_version_seq IS
    'Versions of all captured rows. One for all tables, so that a version survives delete and re-insert, dump and restore, and a new slot.';

-- As little as possible per row: no query, no lookup of names at run time, no search_path of its own (everything is qualified).
CREATE FUNCTION public.aegis_draw_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := pg_catalog.nextval('public.aegis_version_seq'::pg_catalog.regclass);
    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION public.aegis_draw_version() IS
    'Gives a row that is inserted or updated its version and time of change, whatever the writer put there. The row is locked by then, so versions grow per key.';

CREATE FUNCTION public.aegis_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % is refused: the log carries no row of it, so derived stores would keep every record', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported',
              HINT = pg_catalog.format('use DELETE FROM %I.%I, which reaches every derived store row by row', TG_TABLE_SCHEMA, TG_TABLE_NAME);
END
$$;

COMMENT ON FUNCTION public.aegis_refuse_truncate() IS 'Refuses TRUNCATE of a captured table and names the remedy.';
