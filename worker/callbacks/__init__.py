"""Tells receivers that an export is ready or has failed: signed, bounded in time, and to public addresses only.

``process`` is the story, from a stored entry to its end; ``sender`` makes one attempt, by way of ``event`` (what is
said), ``addresses`` (who may be told) and ``transport`` (how it is sent). A slow receiver delays other callbacks at
most, never an export: callbacks have a queue of their own.
"""

from __future__ import annotations

from worker.callbacks.outcome import Outcome, Verdict
from worker.callbacks.process import Callbacks
from worker.callbacks.sender import Sender

__all__ = ["Callbacks", "Outcome", "Sender", "Verdict"]
