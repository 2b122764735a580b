"""A principal: who is calling, and what it may see and do."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase

from msgspec import Struct

from producer.access.entries import Scope, TokenEntry
from producer.contract.errors import Forbidden, NotFound


class Principal(Struct, frozen=True):
    """Whoever a token or a signature stands for.

    To see a workflow, one of the globs must match its id; to do something with it, the scope must be there as well.
    What it may not see answers 404, so that nobody learns of it; what it may see but not do, 403.
    """

    name: str
    scopes: frozenset[Scope]
    globs: tuple[str, ...]
    expires_at: datetime | None = None

    @classmethod
    def of(cls, entry: TokenEntry) -> Principal:
        """Return the principal that an entry of the tokens file describes."""
        return cls(entry.name, frozenset(entry.can), entry.workflows, entry.expires_at)

    def may_see(self, workflow_id: str) -> bool:
        """Tell whether a glob matches: ``*`` any characters, also ``/``, ``:`` and line ends, ``?`` one, ``[…]`` a set.

        Case counts. Only globs are patterns: an id that holds such characters is compared as it is, and a glob for that
        very id writes them in brackets, ``[*]``.
        """
        return any(fnmatchcase(workflow_id, glob) for glob in self.globs)

    def may(self, scope: Scope) -> bool:
        """Tell whether it has a scope, on whatever workflows."""
        return scope in self.scopes

    def require(self, scope: Scope, workflow_id: str) -> None:
        """Raise NotFound where the workflow is out of sight, Forbidden where it is seen and the scope is missing."""
        if not self.may_see(workflow_id):
            raise NotFound(
                f"There is no workflow '{workflow_id}', or the token may not see it.",
                remedy="Check the id, or use a token whose globs match it.",
            )
        self.require_scope(scope)

    def require_scope(self, scope: Scope) -> None:
        """Raise Forbidden where the scope is missing. For lists, which then hold only what it may see."""
        if not self.may(scope):
            raise Forbidden(
                f"The token '{self.name}' does not have the scope '{scope}'.",
                remedy=f"Use a token that has it: runfolio token create --can {scope} …",
            )

    def require_everywhere(self, scope: Scope) -> None:
        """Raise Forbidden unless it has the scope on every workflow, by a glob of asterisks alone."""
        self.require_scope(scope)
        if not any(set(glob) == {"*"} for glob in self.globs):
            raise Forbidden(
                f"The token '{self.name}' does not cover all workflows.",
                remedy=f"Use a token that does: runfolio token create --can {scope} --workflows '*' …",
            )
