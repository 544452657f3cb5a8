"""Texts of our own invention, shaped like policies: what golden vectors are made of. Editing one means making the vectors anew (`make_vectors.py`)."""

from __future__ import annotations

import unicodedata

LOAN = "청년 창업기업 운전자금 융자\n만 39세 이하 대표자의 창업 7년 이내 기업에 최대 1억원을 연 2.5% 고정금리로 융자합니다."
CONDITION = "Applicants must have been registered in the district for at least one year before the call opens and may not owe local taxes. "

TEXTS: dict[str, str] = {
    "empty": "",
    "blank": " \n\t ",
    "one syllable": "돈",
    "short Korean": "소상공인 경영안정자금",
    "loan": LOAN,
    "with all fields": (
        "전통시장 화재공제료 지원\n가상군 경제일자리과\n시장 점포의 화재공제 가입 보험료 80%를 지원합니다.\n지원금액 50,000원 ~ 200,000원\n금리 0.00%"
    ),
    "short English": "Seed loans for first-time farmers",
    "English": "The programme reimburses small manufacturers for up to 70 percent of the cost of an energy audit, capped at 12,000,000 won per site and year.",
    "mixed": "중소기업 AI 바우처(Voucher) 2차 공고: GPU·cloud 사용료 최대 KRW 30,000,000, ESG 우대 (R&D 제외)",
    "emoji": "🌱 귀농 정착 지원 🚜👨‍👩‍👧‍👦 — 월 100만원 💰, 최장 3년 🇰🇷",
    "Hanja and full width": "農業人 子女 學資金 支援　（２０２６年 １學期）",
    "decomposed Hangul": unicodedata.normalize("NFD", "신중년 재취업 훈련 수당"),
    "markup and entities": "<p>문의: ☎ 000-0000-0000&nbsp;/ <b>www.example.invalid</b></p>\r\n※ 예산 소진 시 조기 마감",
    "numbers alone": "1,000,000 ~ 50,000,000 / 2.75% / 2026-03-02 ~ 2026-03-31 23:59",
    "no spaces": "출산가정산후조리비용지원사업신청자격및제출서류안내" * 3,
    "longer than 256 tokens, Korean": " ".join(f"{n}항. {LOAN} 신청인은 사업계획서와 신분증 사본을 제출하여야 한다." for n in range(1, 9)),
    "longer than 256 tokens, English": CONDITION * 30,
    "one word of 3,000 letters": "지원" * 1500,
}
"""By what is particular about each."""
