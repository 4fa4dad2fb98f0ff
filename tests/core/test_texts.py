"""What's new as App Store Connect takes it: what it refuses is gone, and every language is whole."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc.apps.texts import LOCALES, LONGEST_WHATS_NEW, clean, clean_all, cut_to_bytes, in_bytes, locale, same
from support.bounds import moderate

CONTROL = "removed control characters (1)"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
EYE_IN_BUBBLE = "\U0001f441\ufe0f\u200d\U0001f5e8\ufe0f"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "Faster start. Fixes #12 & #13 (10 % less memory)!",
        "Schnellerer Start für Größenänderung „übers“ Menü – endlich…",
        "日本語のテキスト、全角！？「引用」 カタカナ ｶﾀｶﾅ",
        "简体中文，繁體中文。吉野家",
        "한국어 텍스트, 자모 한",
        "العربية مُشَكَّلَة ‏(يمين)‎ ١٢٣",
        "می\u200cخواهم",
        "עברית עם נִיקּוּד",
        "हिन्दी क्\u200dष தமிழ் తెలుగు ಕನ್ನಡ മലയാളം ગુજરાતી ਪੰਜਾਬੀ ଓଡ଼ିଆ বাংলা اردو",
        "ภาษาไทยกำลังดี Tiếng Việt đẹp",
        "Ελληνικά, кириллица, українська",
        "a ≤ b ≥ c → d ← e ↔ f • g № i € £ ¥ ² ½ © ® ™ № ℃ ‼",
        "first\n\n  * second\n\t- third",
    ],
)
def test_what_is_written_in_any_language_stays(text: str) -> None:
    assert clean(text) == (text, [])


@pytest.mark.parametrize(
    "emoji",
    [
        "\U0001f389",
        "\u2728",
        "\u2764\ufe0f",
        "\U0001f44d\U0001f3fd",
        "\u261d\U0001f3fd",
        "\U0001f3fb",
        "\U0001f1e9\U0001f1ea",
        "\U0001f1e9",
        ENGLAND,
        FAMILY,
        EYE_IN_BUBBLE,
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\U0001f9d1\U0001f3fd\u200d\U0001f680",
        "\U0001faf6",
        "★",
        "✓",
    ],
)
def test_an_emoji_goes_whole_and_leaves_no_double_blank(emoji: str) -> None:
    assert clean(f"Now {emoji} with emoji{emoji}") == ("Now with emoji", ["removed emoji (2)"])
    assert clean(f"{emoji} Now\n{emoji} then") == ("Now\nthen", ["removed emoji (2)"])


@pytest.mark.parametrize(
    ("text", "cleaned", "changes"),
    [
        ("a < b", "a b", ["removed “<” (1)"]),
        ("<b>bold</b>", "b>bold/b>", ["removed “<” (2)"]),
        ("┌──┐\n│ x │", "x", ["removed box drawing (3)"]),
        ("a\x00b\x1b[31mred\x1b[0m\ufeff", "abred", ["removed control characters (4)"]),
        ("half \ud83d of a pair", "half  of a pair", ["removed control characters (1)"]),
        ("1<\u20e3", "1", ["removed “<” (1)", "removed emoji (1)"]),
        ("\r\n one\r\ntwo \r three\u2028four\n\n", "one\ntwo\n three\nfour", []),
        ("1\ufe0f\u20e3 and #\u20e3", "1 and #", ["removed emoji (2)"]),
        ("\u2460 \u2800 \u29eb", "\u2460", ["removed characters that App Store Connect refuses (2)"]),
        ("\ue000\ufffd", "", ["removed characters that App Store Connect refuses (1)", CONTROL]),
        ("𠮷野家", "野家", ["removed characters that App Store Connect refuses (1)"]),
        ("", "", []),
        (" \n\t ", "", []),
    ],
)
def test_refused_characters_are_replaced_and_the_changes_told(
    text: str, cleaned: str, changes: list[str]
) -> None:
    assert clean(text) == (cleaned, changes)


@pytest.mark.parametrize(
    ("text", "composed"),
    [
        ("Cafe\u0301 fu\u0308r alle", "Café für alle"),
        ("e\U0001f389\u0301", "é"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_letters_and_their_marks_are_composed(text: str, composed: str) -> None:
    assert clean(text)[0] == composed


@pytest.mark.parametrize("sign", ["\u231a", "\u23e9", "\u23f0", "\u00a9", "\u845b"])
def test_signs_that_app_store_connect_takes_stay_without_their_selectors(sign: str) -> None:
    for selector in ("", "\ufe0e", "\ufe0f", "\U000e0100"):
        assert clean(f"{sign}{selector} now") == (f"{sign} now", [])


def test_halves_that_lie_within_one_another_cost_no_more_than_others() -> None:
    """Each once kept two others apart: 50,000 turns over the whole text."""
    with moderate():
        assert clean("1" * 500_000 + "<" + "\u20e3" * 500_000)[0] == "1" * 3999 + "…"


def test_4000_characters_pass_and_one_more_is_cut() -> None:
    assert clean("x" * 4000) == ("x" * 4000, [])
    assert clean("x" * 4001) == ("x" * 3999 + "…", ["cut from 4001 to 4000 characters"])


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("one two three four", "one two…"),
        ("one two\nthr four", "one two…"),
        ("onetwothreefour", "onetwothr…"),
        ("onetwo th\u0301ree", "onetwo t…"),
        ("onetwothr\u0301\u0302\u0303ee", "onetwoth…"),
        ("क" * 8 + "क्षक", "क" * 8 + "…"),
        ("\u1112\u1161\ud7b0" * 6, "\ud558\ud7b0" * 4 + "…"),
    ],
)
def test_a_cut_is_made_at_a_word_or_at_least_at_a_character(text: str, end: str) -> None:
    assert clean(text, limit=10)[0] == end


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("one two three", "one two three"),
        ("onetwothr four five", "onetwothr…"),
        ("äöüä öü öü", "äöüä…"),
        ("日本語のテキスト", "日本語…"),
        ("𠮷𠮷𠮷𠮷", "𠮷𠮷…"),
        ("onetwothre\u0301eefour", "onetwothr…"),
    ],
)
def test_a_text_is_cut_to_bytes_at_a_word_or_at_least_at_a_character(text: str, end: str) -> None:
    assert cut_to_bytes(text, limit=13) == end


@given(st.text(), st.integers(min_value=3, max_value=40))
def test_a_text_cut_to_bytes_fits(text: str, limit: int) -> None:
    cut = cut_to_bytes(text, limit)
    assert in_bytes(cut) <= limit
    assert cut_to_bytes(cut, limit) == cut


def test_texts_by_locale_are_cleaned_and_told_by_locale() -> None:
    cleaned, changed = clean_all({"en-US": "Hi \U0001f389", "de-DE": "Hallo", "ja": "\U0001f389"})
    assert cleaned == {"en-US": "Hi", "de-DE": "Hallo"}
    assert changed == ["en-US: removed emoji (1)", "ja: removed emoji (1); nothing is left"]


@settings(max_examples=300)
@given(
    st.text(
        st.one_of(
            st.characters(),
            st.sampled_from("<1#\u20e3\ufe0f\u200d\u2764\U0001f3fd\U0001f468\n \r\u2500\u0301"),
        )
    ),
    st.integers(min_value=2, max_value=40),
)
def test_what_is_clean_is_clean(text: str, limit: int) -> None:
    cleaned, _ = clean(text, limit)
    assert clean(cleaned, limit) == (cleaned, [])
    assert len(cleaned) + sum(character > "\uffff" for character in cleaned) <= limit
    assert not set(cleaned) & set("<\u20e3\ufe0f\r\x00\x1b\u2500\U0001f468")
    assert all(unicodedata.category(character) != "Cs" for character in cleaned)


def test_a_long_text_takes_no_time() -> None:
    text = "<\u200d\U0001f468" * 100_000 + " " * 100_000 + "1\ufe0f" * 100_000
    assert len(clean(text)[0]) <= LONGEST_WHATS_NEW


def test_texts_are_compared_as_they_read() -> None:
    assert same("one\r\ntwo\n", "one\ntwo")
    assert not same("one two", "one  two")


@pytest.mark.parametrize("known", LOCALES)
def test_locales_of_app_store_connect_are_taken_in_any_case(known: str) -> None:
    assert locale(known) == locale(known.lower()) == locale(known.replace("-", "_").upper()) == known


@pytest.mark.parametrize(
    ("text", "written"), [("de-CH", "de-CH"), ("sr-latn-rs", "sr-Latn-RS"), ("es-419", "es-419")]
)
def test_locales_that_apple_may_add_pass(text: str, written: str) -> None:
    assert locale(text) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("de", "did you mean de-DE?"),
        ("pt", "did you mean pt-BR or pt-PT?"),
        ("zh", "did you mean zh-Hans or zh-Hant?"),
        ("zh-CN", "did you mean zh-Hans?"),
        ("ja-JP", "did you mean ja?"),
        ("nb", "did you mean no?"),
        ("English", "is not a locale"),
        ("", "is not a locale"),
        ("en-US\n::error::", "is not a locale"),
    ],
)
def test_a_locale_that_apple_calls_otherwise_is_told(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("?", r"\?")) as raised:
        locale(text)
    assert str(raised.value).isprintable()
