"""Mutants of the fences that the real stores hold by statements and scripts: each must make a scenario of the contract fail against the real server."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_RULE = ("tests/contract/test_store.py",)
_FORGETTING = ("tests/contract/test_store_forgetting.py",)
_LOCK = ("tests/proof/test_neo4j_lock.py",)
_OLDER = "newer_wins_and_older_is_stale and 9-10"
_LONGER = "newer_wins_and_older_is_stale and 2-3"
_EQUAL = "the_same_change_delivered_again"
_BURIED = "an_old_upsert_never_resurrects and not settles"
_EXACT = "only_the_exact_stamp_is_forgotten"

_DOCUMENT = "aegis.stores.elasticsearch_document:operation_of"
_CALL = "aegis.stores.redis_script:packed_call"
_SENT = 'word(b"EVALSHA"), word(SHA)'
_NODE = "aegis.stores.neo4j_cypher:_write"
_ROW = "aegis.stores.milvus:MilvusStore._apply"


def _script(old: str, new: str) -> str:
    """A call that sends the script with `old` replaced."""
    return f'word(b"EVAL"), word(SCRIPT.replace(b"{old}", b"{new}"))'


MUTANTS = (
    Mutant("Elasticsearch compares versions", _DOCUMENT, "record.stamp.packed, document)", "1, document)", _RULE, f"{_OLDER} and elasticsearch"),
    Mutant("Elasticsearch takes an equal version", _DOCUMENT, "external_gte", "external", _RULE, f"{_EQUAL} and elasticsearch"),
    Mutant("Redis' script compares stamps", _CALL, _SENT, _script("if held and", "if false and"), _RULE, f"{_OLDER} and redis"),
    Mutant("Redis' script compares stamps of unlike length", _CALL, _SENT, _script("#stamp < #held or", ""), _RULE, f"{_LONGER} and redis"),
    Mutant("Redis' script takes an equal stamp", _CALL, _SENT, _script("stamp < held", "stamp <= held"), _RULE, f"{_EQUAL} and redis"),
    Mutant("Neo4j compares stamps", _NODE, "row.stamp >= n.{STAMP}", "true", _RULE, f"{_OLDER} and neo4j"),
    Mutant("Neo4j takes an equal stamp", _NODE, "row.stamp >= n.{STAMP}", "row.stamp > n.{STAMP}", _RULE, f"{_EQUAL} and neo4j"),
    Mutant("Neo4j locks a node before it reads its stamp", _NODE, '"  SET n._lock = true REMOVE n._lock",', '"",', _LOCK, "meanwhile"),
    Mutant("Milvus' stamps are compared", _ROW, "record.stamp.packed >= _highest(record.key, visible, tombstones)", "True", _RULE, f"{_OLDER} and milvus"),
    Mutant("Milvus' equal stamps are applied", _ROW, ">= _highest(", "> _highest(", _RULE, f"{_EQUAL} and milvus"),
    Mutant("Milvus' tombstones are compared too", _ROW, "visible, tombstones)]", "visible)]", _RULE, f"{_BURIED} and milvus"),
    Mutant(
        "Elasticsearch forgets the exact stamp",
        "aegis.stores.elasticsearch_removal:forget",
        '== expected[hit["_id"]]',
        "> 0",
        _FORGETTING,
        f"{_EXACT} and elasticsearch",
    ),
    Mutant(
        "Neo4j forgets the exact stamp",
        "aegis.stores.neo4j_inspection_cypher:inspections",
        "AND n.{STAMP} = row.stamp ",
        "",
        _FORGETTING,
        f"{_EXACT} and neo4j",
    ),
    Mutant(
        "Milvus forgets the exact stamp",
        "aegis.stores.milvus_inspection:MilvusInspection.forget",
        "milvus_claims.listed(key, pair).stamp == stamp",
        "True",
        _FORGETTING,
        f"{_EXACT} and milvus",
    ),
)
