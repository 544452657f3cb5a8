-- What Debezium needs: heartbeat and signal table, before-images, the version trigger, the refusal of TRUNCATE, and the publication.
--
-- depends: 0004.dead_letters

CREATE TABLE public.debezium_heartbeat (
    id smallint PRIMARY KEY DEFAULT 1 CONSTRAINT there_is_one_row CHECK (id = 1),
    beaten_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.debezium_heartbeat IS 'One row that the connector updates every few seconds, so that its stored position moves while nothing else is written.';
COMMENT ON COLUMN public.debezium_heartbeat.id IS 'Always 1.';
COMMENT ON COLUMN public.debezium_heartbeat.beaten_at IS 'When the connector last wrote it.';

INSERT INTO public.debezium_heartbeat DEFAULT VALUES;

CREATE TABLE public.debezium_signal (
    id varchar(64) PRIMARY KEY DEFAULT gen_random_uuid()::text,
    type varchar(32) NOT NULL,
    data text
);

COMMENT ON TABLE public.debezium_signal IS 'Commands to the connector, for example an incremental snapshot; in the shape that Debezium prescribes.';
COMMENT ON COLUMN public.debezium_signal.id IS 'Identity of the command.';
COMMENT ON COLUMN public.debezium_signal.type IS 'Kind of command, for example execute-snapshot.';
COMMENT ON COLUMN public.debezium_signal.data IS 'Parameters, as JSON text.';

-- FULL: deletes and updates carry the whole row before them (compensation needs it), and unchanged TOASTed values arrive.
ALTER TABLE public.policies REPLICA IDENTITY FULL;
ALTER TABLE public.users REPLICA IDENTITY FULL;
ALTER TABLE public.business_rules REPLICA IDENTITY FULL;

CREATE TRIGGER draw_version BEFORE INSERT OR UPDATE ON public.policies FOR EACH ROW EXECUTE FUNCTION public.aegis_draw_version();
CREATE TRIGGER draw_version BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.aegis_draw_version();
CREATE TRIGGER draw_version BEFORE INSERT OR UPDATE ON public.business_rules FOR EACH ROW EXECUTE FUNCTION public.aegis_draw_version();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.policies FOR EACH STATEMENT EXECUTE FUNCTION public.aegis_refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.aegis_refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.business_rules FOR EACH STATEMENT EXECUTE FUNCTION public.aegis_refuse_truncate();

-- ALWAYS: a session in replica mode (a restore, a replication worker) must not write rows that keep an old version.
ALTER TABLE public.policies ENABLE ALWAYS TRIGGER draw_version;
ALTER TABLE public.users ENABLE ALWAYS TRIGGER draw_version;
ALTER TABLE public.business_rules ENABLE ALWAYS TRIGGER draw_version;
ALTER TABLE public.policies ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE public.users ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE public.business_rules ENABLE ALWAYS TRIGGER refuse_truncate;

-- By hand, so that no connector needs to own tables. No column list for users: PostgreSQL refuses updates of a table with REPLICA IDENTITY FULL
-- whose publication leaves columns out, so the connector leaves out the personal ones. Truncates are refused, so they need no publishing.
CREATE PUBLICATION aegis_publication
    FOR TABLE public.policies, public.users, public.business_rules, public.outbox, public.debezium_signal, public.debezium_heartbeat
    WITH (publish = 'insert, update, delete');

COMMENT ON PUBLICATION aegis_publication IS 'What the connector aegis-postgres-connector reads through the slot aegis_slot.';
