"""Lists that are longer than Apple includes or than one page: the resource that counts may be the last one."""

from __future__ import annotations

import pytest

from asc.builds.finding import find_build
from asc.builds.number import Number
from asc.errors import InputError
from asc.store.page import read_info
from asc.store.purchases import read_purchases
from support.api_client import connect
from support.sandbox import app, build, seed, start_sandbox

APP_ID = "1000000001"
OLDER = [{"version": number, "state": "APPROVED"} for number in range(1, 60)]
DRAFT = {"version": 60, "state": "PREPARE_FOR_SUBMISSION"}
LOCALES = [{"locale": f"x{number:02d}", "name": "Name"} for number in range(60)]


def test_the_draft_of_a_purchase_with_sixty_versions_can_be_added_and_all_its_texts_are_read() -> None:
    coins = {"productId": "coins", "versions": [*OLDER, DRAFT], "inAppPurchaseLocalizations": LOCALES}
    plus = {
        "referenceName": "plus",
        "versions": [*OLDER, DRAFT],
        "subscriptions": [
            {
                "productId": "monthly",
                "versions": [*OLDER, DRAFT],
                "subscriptionLocalizations": LOCALES,
            }
        ],
    }
    sold = app("com.example.app", id=APP_ID, inAppPurchasesV2=[coins], subscriptionGroups=[plus])
    with start_sandbox(seed(apps=[sold])) as sandbox, connect(sandbox) as client:
        found = {str(purchase): purchase for purchase in read_purchases(client, APP_ID)}
    assert {name: purchase.can_be_added for name, purchase in found.items()} == {
        "coins": True,
        "plus": True,
        "monthly": True,
    }
    assert {name: len(purchase.texts) for name, purchase in found.items()} == {
        "coins": 60,
        "plus": 0,
        "monthly": 60,
    }


def test_an_old_build_of_another_platform_is_found_behind_a_page_of_failed_ones() -> None:
    failed = [build("1.5.0", "42", processingState="FAILED") for _ in range(205)]
    on_tv = build("1.5.0", "42", platform="TV_OS", uploadedDate="300 days ago")
    there = seed(apps=[app("com.example.app", id=APP_ID, builds=[*failed, on_tv])])
    with (
        start_sandbox(there) as sandbox,
        connect(sandbox) as client,
        pytest.raises(InputError, match="tvOS"),
    ):
        find_build(client, Number(APP_ID, "1.5.0", "42", ""))


def test_the_app_info_that_can_be_edited_is_found_behind_two_hundred_replaced_ones() -> None:
    infos = [{"state": "REPLACED_WITH_NEW_INFO"} for _ in range(205)]
    edited = {"state": "PREPARE_FOR_SUBMISSION"}
    there = seed(apps=[app("com.example.app", id=APP_ID, appInfos=[*infos, edited])])
    with start_sandbox(there) as sandbox, connect(sandbox) as client:
        info = read_info(client, APP_ID)
    assert info is not None
    assert info.is_editable
