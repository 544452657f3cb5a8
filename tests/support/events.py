"""Payloads of events that fit their schemas."""

from __future__ import annotations

import json

VALIDATED = json.dumps({"policy_id": "x", "source": "test", "source_id": "1", "status": "pending_validation", "version": 7, "operation": "created"})
COMPLETED = json.dumps({"policy_id": "x", "version": 7, "outcome": "stored", "stores": dict.fromkeys(("milvus", "neo4j", "elasticsearch", "redis"), "upsert")})
JUDGED = json.dumps(
    {"policy_id": "x", "source": "test", "version": 9, "status": "active", "quality_score": 0.91, "parts": {"completeness": 0.9}, "reasons": ["X_1"]}
)
