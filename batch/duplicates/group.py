"""Groups of people whom a policy is for, as titles and texts name them. Pure."""

from __future__ import annotations

import re

_GROUPS = {
    "old people": r"노인|어르신|고령|경로|장수|효행|(?:6[05]|[789]\d|100)\s*세",
    "children": r"아동|어린이|영유아|유아|영아|초등",
    "young people": r"청소년|중학|고등학|학교\s*밖",
    "young adults": r"청년|대학생|취업준비",
    "newlyweds": r"신혼|예비부부|결혼",
    "disabled people": r"장애",
    "large families": r"다자녀|둘째|셋째|넷째|다둥이",
    "adopted children": r"입양",
    "lone parents": r"한부모|조손|모자가정|부자가정|미혼모",
    "pregnant women": r"임산부|임신|산모|임부|난임|출산",
    "veterans": r"유공자|보훈|참전",
    "migrants": r"다문화|결혼이[민주]|외국인|이주여성",
    "farmers": r"농업|농가|농민|농어",
    "small businesses": r"소상공인|자영업",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _GROUPS.items()}


def groups_of(text: str) -> frozenset[str]:
    """The groups that a text names."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))
