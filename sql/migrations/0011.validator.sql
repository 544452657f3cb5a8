-- The role that judges policies: full validation, quality, deduplication, and the catalogue of files.
--
-- depends: 0010.dead_letter_causes

GRANT USAGE ON SCHEMA public, ops TO aegis_validator;
GRANT SELECT ON public.policies, public.business_rules, public.raw_documents, public.quarantine, public.processing_history, public.quality_metrics,
    public.audit_logs TO aegis_validator;
-- What the full validation decides or reads out of the text; what the source said of itself (its identifiers, its wording) it may not change.
GRANT UPDATE (status, is_active, quality_score, title, issuing_organization, operating_organization, category, target_regions, target_industries,
    funding_amount_min, funding_amount_max, interest_rate, application_start_date, application_end_date) ON public.policies TO aegis_validator;
-- Drawing is what the version trigger does in the writer's name.
GRANT USAGE ON SEQUENCE public.aegis_version_seq TO aegis_validator;
GRANT SELECT, INSERT, UPDATE ON public.pipeline_metadata TO aegis_validator;
GRANT UPDATE (released_at) ON public.quarantine TO aegis_validator;
GRANT SELECT, INSERT, DELETE ON public.outbox TO aegis_validator;
GRANT INSERT ON public.quality_metrics, public.audit_logs, public.processing_history TO aegis_validator;
