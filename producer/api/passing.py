"""What engines' webhooks deliver beside the end of a run.

GitHub and GitLab call at every change, and once when the webhook is set up. A refusal of what is to be expected would
show as a failed delivery on their pages, and GitLab stops calling whoever refuses too often.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from producer.engines.cursor import Cursor
from producer.engines.github_statuses import STATUSES as GITHUB
from producer.engines.github_statuses import word_of
from producer.engines.gitlab import STATUSES as GITLAB
from producer.engines.vocabulary import Phase

_GITHUB_EVENT: Final = "x-github-event"
_GITLAB_EVENT: Final = "x-gitlab-event"


def tells_of_no_end(engine: str, headers: Mapping[str, str], payload: Any) -> bool:
    """Tell whether a webhook's own delivery tells of something else than the end of a run.

    The engine's header says that it is one. What was sent by hand has none, and is judged by the adapter.
    """
    if not isinstance(payload, dict):
        return False
    if engine == "github" and _GITHUB_EVENT in headers:
        return headers[_GITHUB_EVENT] != "workflow_run" or _goes_on_at_github(payload)
    if engine == "gitlab" and _GITLAB_EVENT in headers:
        return headers[_GITLAB_EVENT] != "Pipeline Hook" or _goes_on_at_gitlab(payload)
    return False


def _goes_on_at_github(payload: dict[str, Any]) -> bool:
    run = payload.get("workflow_run")
    unfinished = isinstance(run, dict) and _means_going_on(GITHUB.words, word_of(Cursor(run)).value)
    return payload.get("action") != "completed" or unfinished


def _goes_on_at_gitlab(payload: dict[str, Any]) -> bool:
    pipeline = payload.get("object_attributes")
    return isinstance(pipeline, dict) and _means_going_on(GITLAB.words, pipeline.get("status"))


def _means_going_on(words: Mapping[str, Any], word: Any) -> bool:
    return isinstance(word, str) and isinstance(words.get(word), Phase)
