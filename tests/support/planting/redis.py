"""Plants in Redis: a register (JSON that begins with the stamp, a field of `aegis:registers:{table}:{bucket}`), and the value that readers get."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import redis

from aegis.claim import bucket_of, claim_of
from aegis.settings import Settings
from tests.support.planting.plant import AHEAD, DELETE_RANK, IMPOSSIBLE_STAMP, Images, Kind, Plant, new_key, plants
from tests.support.wait import until

PREFIXES = {"policies": "policy:", "users": "user:", "business_rules": "business_rule:"}
TEXTS = {"policies": "title", "users": "business_type", "business_rules": "name"}
EXPIRY_MS = 1
EXPIRY_SECONDS = 10.0

Register = dict[str, Any]
Change = tuple[Callable[[Register], Any], str]
"""What is done to a register, and how it is told."""


def _stamped(stamp: Callable[[int], Any]) -> Callable[[Register], Any]:
    return lambda register: {**register, "stamp": stamp(register["stamp"])}


REGISTERS: dict[Kind, Change] = {
    Kind.LOWERED_STAMP: (_stamped(lambda stamp: stamp - 8), "stamp two versions lower"),
    Kind.IMPOSSIBLE_STAMP: (_stamped(lambda _: IMPOSSIBLE_STAMP), "stamp that nobody drew"),
    Kind.NEGATIVE_STAMP: (_stamped(lambda _: -5), "stamp -5"),
    Kind.TEXT_STAMP: (_stamped(str), "stamp as text"),
    Kind.NO_STAMP: (lambda register: {name: value for name, value in register.items() if name != "stamp"}, "no stamp"),
    Kind.NO_BUCKET: (lambda register: {name: value for name, value in register.items() if name != "bucket"}, "no bucket"),
    Kind.WRONG_CLAIM: (lambda register: {**register, "claim": register["claim"] ^ 1}, "another claim"),
    Kind.WRONG_BUCKET: (lambda register: {**register, "bucket": register["bucket"] ^ 1}, "another bucket"),
}


class RedisPlanter:
    """Corrupts the cache."""

    store = "redis"

    def __init__(self, settings: Settings) -> None:
        self._client: Any = redis.Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=30)

    def kinds(self, table: str) -> Sequence[Kind]:
        own = (Kind.MISSING, Kind.VALUE_GONE, Kind.EXPIRED, Kind.REGISTER_GONE, Kind.ORPHAN, Kind.ORPHAN_OTHER_BUCKET, Kind.BY_HAND, Kind.CONTENT)
        odd = (Kind.FUTURE_STAMP, Kind.BURIED, Kind.NOT_JSON, Kind.VALUE_NOT_JSON, Kind.OTHER_TYPE, *REGISTERS)
        return (*own, *odd, *([Kind.REVEALED] if table == "policies" else []))

    def plant(self, kind: Kind, table: str, keys: Sequence[str]) -> list[Plant]:
        if kind in REGISTERS:
            change, did = REGISTERS[kind]
            for key in keys:
                self._register(table, key, change(self._registered(table, key)))
            return self._planted(table, keys, kind, did)
        match kind:
            case Kind.MISSING:
                self.remove(table, keys)
                return self._planted(table, keys, kind, "HDEL of the register, DEL of the value")
            case Kind.VALUE_GONE:
                self._client.delete(*(self._value_name(table, key) for key in keys))
                return self._planted(table, keys, kind, "DEL of the value")
            case Kind.EXPIRED:
                return self._expire(table, keys)
            case Kind.REGISTER_GONE:
                self._unregister(table, keys)
                return self._planted(table, keys, kind, "HDEL of the register")
            case Kind.ORPHAN | Kind.ORPHAN_OTHER_BUCKET:
                return self._copy(table, keys, kind)
            case Kind.BY_HAND:
                return self._by_hand(table, keys)
            case Kind.FUTURE_STAMP:
                return self._advance(table, keys)
            case Kind.BURIED:
                return self._bury(table, keys)
            case Kind.REVEALED:
                return self._reveal(table, keys)
            case _:
                return self._corrupt(kind, table, keys)

    def images(self, table: str, keys: Sequence[str]) -> Images:
        registers = [self._client.hget(self._registers(table, key), key) for key in keys]
        values = self._client.mget([self._value_name(table, key) for key in keys])
        return dict(zip(keys, zip(registers, values, strict=True), strict=True))

    def put_back(self, table: str, images: Images) -> list[Plant]:
        for key, (register, value) in images.items():
            self._client.hset(self._registers(table, key), key, register)
            self._client.set(self._value_name(table, key), value)
        return self._planted(table, list(images), Kind.OLD_IMAGE, "HSET of the register and SET of the value of the version before")

    def remove(self, table: str, keys: Sequence[str]) -> None:
        self._unregister(table, keys)
        self._client.delete(*(self._value_name(table, key) for key in keys))

    def shown(self, table: str, keys: Sequence[str]) -> set[str]:
        values = self._client.mget([self._value_name(table, key) for key in keys]) if keys else []
        return {key for key, value in zip(keys, values, strict=True) if value is not None}

    def close(self) -> None:
        self._client.close()

    def _expire(self, table: str, keys: Sequence[str]) -> list[Plant]:
        for key in keys:
            self._client.pexpire(self._value_name(table, key), EXPIRY_MS)
        until(lambda: not self.shown(table, keys), EXPIRY_SECONDS, "values to expire")
        return self._planted(table, keys, Kind.EXPIRED, "PEXPIRE of the value")

    def _copy(self, table: str, keys: Sequence[str], kind: Kind) -> list[Plant]:
        for key in keys:
            register, new = self._registered(table, key), new_key(key, kind)
            if kind is Kind.ORPHAN:
                register["bucket"], register["claim"] = claim_of(new, register["stamp"] // 4)
            self._register(table, new, register)
            self._client.set(self._value_name(table, new), self._client.get(self._value_name(table, key)))
        return self._planted(table, [new_key(key, kind) for key in keys], kind, "HSET of a copied register, SET of a copied value")

    def _by_hand(self, table: str, keys: Sequence[str]) -> list[Plant]:
        made = [new_key(key, Kind.BY_HAND) for key in keys]
        for key in made:
            self._client.set(self._value_name(table, key), json.dumps({TEXTS[table]: "by hand"}))
        return self._planted(table, made, Kind.BY_HAND, "SET of a value")

    def _advance(self, table: str, keys: Sequence[str]) -> list[Plant]:
        for key in keys:
            register = self._registered(table, key)
            stamp = register["stamp"] + 4 * AHEAD
            self._register(table, key, {**register, "stamp": stamp, "claim": claim_of(key, stamp // 4).claim})
        return self._planted(table, keys, Kind.FUTURE_STAMP, f"stamp and claim of a version {AHEAD} higher")

    def _bury(self, table: str, keys: Sequence[str]) -> list[Plant]:
        for key in keys:
            register = self._registered(table, key)
            self._register(table, key, {**register, "stamp": register["stamp"] // 4 * 4 + DELETE_RANK})
        self._client.delete(*(self._value_name(table, key) for key in keys))
        return self._planted(table, keys, Kind.BURIED, "stamp of a delete, DEL of the value")

    def _reveal(self, table: str, keys: Sequence[str]) -> list[Plant]:
        for key in keys:
            self._client.set(self._value_name(table, key), json.dumps({TEXTS[table]: "revealed"}))
        return self._planted(table, keys, Kind.REVEALED, "SET of a value beside a withdrawn row's register")

    def _corrupt(self, kind: Kind, table: str, keys: Sequence[str]) -> list[Plant]:
        for key in keys:
            registers, value = self._registers(table, key), self._value_name(table, key)
            match kind:
                case Kind.CONTENT:
                    self._client.set(value, json.dumps({**json.loads(self._client.get(value)), TEXTS[table]: "another"}, ensure_ascii=False))
                case Kind.NOT_JSON:
                    self._client.hset(registers, key, self._client.hget(registers, key)[:-7])
                case Kind.VALUE_NOT_JSON:
                    self._client.set(value, self._client.get(value)[:-7])
                case Kind.OTHER_TYPE:
                    self._client.delete(value)
                    self._client.rpush(value, "a list")
                case _:
                    raise ValueError(f"no such plant in Redis: {kind}")
        return self._planted(table, keys, kind, f"{kind} written")

    def _registered(self, table: str, key: str) -> Register:
        register: Register = json.loads(self._client.hget(self._registers(table, key), key))
        return register

    def _register(self, table: str, key: str, register: Register) -> None:
        """In the form that the pipeline's own has: without white space, in the order of its fields."""
        self._client.hset(self._registers(table, key), key, json.dumps(register, separators=(",", ":")))

    def _unregister(self, table: str, keys: Sequence[str]) -> None:
        for key in keys:
            self._client.hdel(self._registers(table, key), key)

    def _planted(self, table: str, keys: Sequence[str], kind: Kind, did: str) -> list[Plant]:
        return plants(self.store, table, keys, kind, did)

    @staticmethod
    def _registers(table: str, key: str) -> str:
        return f"aegis:registers:{table}:{bucket_of(key)}"

    @staticmethod
    def _value_name(table: str, key: str) -> str:
        return f"{PREFIXES[table]}{key}"
