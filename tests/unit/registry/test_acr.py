from __future__ import annotations

from typing import Any

import pytest

from acrbridge.errors import AcrBridgeError
from acrbridge.references import Image
from acrbridge.registry.acr import AcrMetadata
from acrbridge.registry.client import RegistryClient
from unit.fakes import DIGEST, Answer, ScriptedHttp, answer

BASE = "https://contoso.azurecr.io/acr/v1"
NOON = "Thu, 01 Jan 2026 12:00:00 GMT"


def metadata(*answers: Answer) -> tuple[AcrMetadata, ScriptedHttp]:
    http = ScriptedHttp(answers)
    return AcrMetadata(RegistryClient("contoso.azurecr.io", http)), http


def page(key: str, count: int, start: int = 0, link: str | None = None) -> Answer:
    items = [{"name": f"t{number}"} for number in range(start, start + count)]
    return answer(200, {key: items}, {"Link": f'<{link}>; rel="next"'} if link else {})


def test_tags_come_from_all_pages() -> None:
    acr, http = metadata(page("tags", 2, link="/acr/v1/a/_tags?last=t1"), page("tags", 1, 2))
    assert [tag["name"] for tag in acr.tags("a", order="time_desc", digest=DIGEST)] == ["t0", "t1", "t2"]
    assert http.urls[0] == f"{BASE}/a/_tags?n=100&orderby=timedesc&digest=sha256%3A{DIGEST[7:]}"


@pytest.mark.parametrize(("top", "asked"), [(1, "1"), (50, "50"), (100, "100"), (250, "100")])
def test_no_page_is_asked_for_larger_than_needed_or_allowed(top: int, asked: str) -> None:
    acr, http = metadata(page("manifests", min(top, 100)), *[page("manifests", 100)])
    list(acr.manifests("a", top=top))
    assert http.urls[0] == f"{BASE}/a/_manifests?n={asked}"


def test_no_more_pages_are_asked_for_than_the_top_needs() -> None:
    acr, http = metadata(page("tags", 100, link="/acr/v1/a/_tags?last=t99"))
    assert len(list(acr.tags("a", top=100))) == 100
    assert len(http.requests) == 1


@pytest.mark.parametrize("document", [{"tags": "abc"}, {"tags": {"a": 1}}, {"tags": [1, 2]}, {"tags": 5}, []])
def test_a_list_of_something_else_is_a_typed_error(document: Any) -> None:
    acr, _ = metadata(answer(200, document))
    with pytest.raises(AcrBridgeError) as error:
        list(acr.tags("a"))
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize(
    ("image", "path", "key"),
    [
        (Image("a"), "_tags/latest", "tag"),
        (Image("a", "v1"), "_tags/v1", "tag"),
        (Image("a", digest=DIGEST), f"_manifests/{DIGEST}", "manifest"),
        (Image("a", "v1", DIGEST), f"_manifests/{DIGEST}", "manifest"),
    ],
)
def test_an_image_is_looked_up_by_tag_or_by_digest(image: Image, path: str, key: str) -> None:
    acr, http = metadata(answer(200, {key: {"name": "x"}}))
    assert acr.image(image) == {"name": "x"}
    assert http.urls == [f"{BASE}/a/{path}"]


@pytest.mark.parametrize("document", [{}, {"tag": None}, {"tag": "x"}, {"manifest": {}}])
def test_an_answer_without_the_image_is_a_typed_error(document: Any) -> None:
    acr, _ = metadata(answer(200, document))
    with pytest.raises(AcrBridgeError) as error:
        acr.image(Image("a"))
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize(
    ("written", "date", "age"),
    [
        ("2026-01-01T11:59:30.1234567Z", NOON, pytest.approx(29.876544, abs=1e-5)),
        ("2026-01-01T12:00:00Z", NOON, 0.0),
        ("2026-01-01T12:00:00", NOON, None),
        ("yesterday", NOON, None),
        (5, NOON, None),
        ("2026-01-01T12:00:00Z", None, None),
        ("2026-01-01T12:00:00Z", "garbage", None),
    ],
)
def test_a_tags_age_is_told_by_the_registrys_own_clock(
    written: Any, date: str | None, age: float | None
) -> None:
    acr, _ = metadata(answer(200, {"tag": {"lastUpdateTime": written}}, {"Date": date} if date else {}))
    assert acr.tag_age(Image("a", "v1")) == age


def test_deleting_a_repository_gives_what_went_or_nothing() -> None:
    acr, http = metadata(answer(202, {"tagsDeleted": ["x"]}), answer(202))
    assert acr.delete_repository("a/b") == {"tagsDeleted": ["x"]}
    assert acr.delete_repository("a/b") == {}
    assert http.requests[0].method == "DELETE"


def test_untagging_deletes_the_tag_only() -> None:
    acr, http = metadata(answer(202))
    acr.untag(Image("a", "v1"))
    assert (http.requests[0].method, http.urls) == ("DELETE", [f"{BASE}/a/_tags/v1"])
