-- Least privilege, role by role.
--
-- depends: 0005.capture

REVOKE ALL ON FUNCTION ops.touch(text, text) FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO aegis_collector, aegis_cdc, aegis_reader, aegis_operator;

-- Collector: writes policies and its own history, removes nothing but published events.
GRANT SELECT, INSERT, UPDATE ON public.policies, public.pipeline_metadata TO aegis_collector;
GRANT SELECT, INSERT ON public.raw_documents, public.quarantine, public.processing_history TO aegis_collector;
GRANT UPDATE (released_at) ON public.quarantine TO aegis_collector;
GRANT SELECT, INSERT, DELETE ON public.outbox TO aegis_collector;
GRANT INSERT ON public.quality_metrics, public.audit_logs TO aegis_collector;
GRANT SELECT ON public.business_rules TO aegis_collector;
-- Drawing is what the version trigger does in the writer's name; setting the sequence back would need UPDATE.
GRANT USAGE ON SEQUENCE public.aegis_version_seq TO aegis_collector;

-- Change data capture: reads what is captured (a snapshot reads whole rows, the connector drops the personal columns), writes its own two tables.
GRANT SELECT ON public.policies, public.users, public.business_rules, public.outbox TO aegis_cdc;
GRANT SELECT, UPDATE ON public.debezium_heartbeat TO aegis_cdc;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.debezium_signal TO aegis_cdc;

-- Reader: everything but personal data.
GRANT USAGE ON SCHEMA ops TO aegis_reader, aegis_operator;
GRANT SELECT ON public.policies, public.business_rules, public.raw_documents, public.quarantine, public.outbox, public.pipeline_metadata,
    public.processing_history, public.quality_metrics, public.audit_logs, public.debezium_heartbeat TO aegis_reader;
GRANT SELECT (user_id, region_code, industry_code, business_type, employee_range, preferences_tags, is_active, created_at, updated_at, version)
    ON public.users TO aegis_reader, aegis_operator;
GRANT SELECT ON ops.dead_letters, ops.held_keys TO aegis_reader;
GRANT SELECT ON SEQUENCE public.aegis_version_seq TO aegis_reader, aegis_operator;

-- Operator: dead letters, and the touch that retries a row.
GRANT SELECT ON public.policies, public.business_rules, public.debezium_heartbeat, public.processing_history, public.audit_logs TO aegis_operator;
GRANT SELECT, INSERT ON ops.dead_letters TO aegis_operator;
GRANT UPDATE (retried_at, discarded_at, discard_reason) ON ops.dead_letters TO aegis_operator;
GRANT SELECT ON ops.held_keys TO aegis_operator;
GRANT INSERT ON public.audit_logs TO aegis_operator;
GRANT EXECUTE ON FUNCTION ops.touch(text, text) TO aegis_operator;
