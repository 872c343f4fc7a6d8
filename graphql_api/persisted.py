"""Documents known by an id: those of the manifest, which are trusted, and those clients sent.

Automatic persisted queries as Apollo's clients have them, and the `documentId` of the
GraphQL-over-HTTP specification's appendix. The first saves bytes and makes GET requests short;
only a manifest says which documents there may be.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from graphql import GraphQLError

from graphql_api.errors import ErrorCode
from recommender.facts.errors import InvalidSetting
from recommender.settings import Settings

LONGEST_KEPT_TEXT = 20_000
"""Characters of a document that is kept. Comments are no tokens, so a document within its limits
can be as long as a body, and hundreds of those would fill the memory."""
DOCUMENT_ID = "documentId"
"""Where the endpoint puts a `documentId`: all transports hand extensions on, and nothing else."""
SHA256_HEX = re.compile("[0-9a-f]{64}")


class PersistedDocuments:
    """From what a request says to the text of its document."""

    def __init__(self, settings: Settings) -> None:
        self.only_trusted = settings.trusted_documents_only
        self._trusted = read_manifest(settings.trusted_documents)
        self._trusted_texts = frozenset(self._trusted.values())
        self._most = settings.persisted_documents
        self._sent: OrderedDict[str, str] = OrderedDict()
        if self.only_trusted and not self._trusted:
            raise InvalidSetting(
                "TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS, a manifest with documents in it."
            )

    def text_of(self, query: str | None, extensions: Mapping[str, Any]) -> str | None:
        """The document to execute; None if the request names none.

        Raises:
            GraphQLError: if it is not known, not trusted, or not what its hash says.
        """
        id_, hash_ = extensions.get(DOCUMENT_ID), _apollo_hash(extensions)
        if query and id_ is not None:
            raise _error(ErrorCode.BAD_USER_INPUT, "Send a query or a documentId, not both.")
        name = hash_ if id_ is None else _id(id_)
        if self.only_trusted:
            return self._trusted_text(query, name)
        if name is None:
            return query
        if query:
            return self._remembered(query, name)
        text = self._trusted.get(name) or self._sent_before(name)
        if text is not None:
            return text
        if id_ is None and not self._most:
            # This message and the other one are the protocol: some clients go by them.
            raise _error(ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        raise _error(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")

    def _trusted_text(self, query: str | None, name: str | None) -> str:
        text = query if query in self._trusted_texts else None
        if not query and name is not None:
            text = self._trusted.get(name)
        if text is None:
            raise _error(
                ErrorCode.DOCUMENT_NOT_TRUSTED,
                "This server executes the documents of its manifest only, and this is none of "
                "them.",
            )
        return text

    def _sent_before(self, name: str) -> str | None:
        if name in self._sent:
            self._sent.move_to_end(name)
        return self._sent.get(name)

    def _remembered(self, query: str, name: str) -> str:
        if sha256(query.encode()).hexdigest() != name:
            raise _error(
                ErrorCode.BAD_USER_INPUT,
                f"sha256Hash must be the SHA-256 of the query in hexadecimal, not {name[:70]!r}.",
            )
        if self._most and len(query) <= LONGEST_KEPT_TEXT:
            self._sent[name] = query
            self._sent.move_to_end(name)
            if len(self._sent) > self._most:
                self._sent.popitem(last=False)
        return query


def read_manifest(path: Path | None) -> dict[str, str]:
    """Documents by id, from a manifest as Apollo's or Relay's tools write it.

    Raises:
        InvalidSetting: if there is no such file, or it is neither.
    """
    if path is None:
        return {}
    try:
        manifest = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidSetting(f"Cannot read TRUSTED_DOCUMENTS={path}: {error}") from None
    try:
        if manifest.get("format") == "apollo-persisted-query-manifest":
            manifest = {o["id"]: o["body"] for o in manifest["operations"]}
        if all(isinstance(text, str) for text in manifest.values()):
            return dict(manifest)
    except (AttributeError, KeyError, TypeError):
        pass
    raise InvalidSetting(
        f"TRUSTED_DOCUMENTS={path} must be Apollo's manifest of persisted queries, or an object "
        "of ids and documents as Relay's compiler writes it."
    )


def _apollo_hash(extensions: Mapping[str, Any]) -> str | None:
    """The hash of an automatic persisted query, where there is one."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise _error(ErrorCode.BAD_USER_INPUT, "persistedQuery must be an object of version 1.")
    hash_ = persisted.get("sha256Hash")
    if not isinstance(hash_, str):
        raise _error(ErrorCode.BAD_USER_INPUT, "persistedQuery must have a sha256Hash, a string.")
    return hash_


def _id(document_id: Any) -> str:
    """The hash in sha256:..., else the id as it is."""
    if not isinstance(document_id, str) or not document_id:
        raise _error(ErrorCode.BAD_USER_INPUT, "documentId must be a string, and not empty.")
    hash_ = document_id.removeprefix("sha256:")
    if hash_ != document_id and not SHA256_HEX.fullmatch(hash_):
        raise _error(
            ErrorCode.BAD_USER_INPUT,
            "documentId must have 64 hexadecimal digits in lower case after sha256:, not "
            f"{hash_[:70]!r}.",
        )
    return hash_


def _error(code: ErrorCode, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
