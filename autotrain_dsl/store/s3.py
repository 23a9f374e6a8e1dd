"""Objects in an S3 bucket, written under conditions that the store itself checks."""

from __future__ import annotations

import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import uuid4

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from autotrain_dsl.store.base import Blob, ConflictError, StoreError, UnreadableError

# What a call of the client, or reading a reply, raises where the outside world is to blame.
_SHOWN = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
}
_FAILURES = (ClientError, BotoCoreError, ResponseParserError, HTTPError, OSError, ValueError)
_NOTHING = "nothing was changed"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a store is reached; what is None is taken from where the tools of AWS take it.

    ``addressing`` is "auto", "path" (``host/bucket``) or "virtual" (``bucket.host``). ``attempts`` is how often a
    request is made before it counts as failed, the first time included; time-outs are in seconds.
    """

    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    addressing: str = "auto"
    attempts: int = 5
    connect_timeout: float = 10
    read_timeout: float = 60


def parse(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``; the key is "" where only a bucket is named.

    Raises StoreError, with ``wrong_use``, where the text is nothing of the kind.
    """
    match = re.fullmatch(r"s3://([A-Za-z0-9._-]+)(?:/(.*))?", uri, flags=re.DOTALL)
    if match is None:
        shown = "this" if "@" in uri else f"`{uri}`"  # a password may stand in it
        raise StoreError(f"{shown} is no address in S3: write s3://bucket/key, without credentials", wrong_use=True)
    bucket, key = match[1], (match[2] or "").removesuffix("/")
    if key:
        _check(key)
    return bucket, key


@dataclass(frozen=True, slots=True)
class S3Objects:
    """The port ``Objects`` for the keys below one prefix of a bucket; the version of an object is its ETag.

    ``new_id`` names the object that ``probe`` writes. With ``largest`` reading more bytes raises UnreadableError, and
    only what lies directly below the prefix is listed. Raises StoreError, with ``wrong_use``, where bucket or prefix
    cannot be one.
    """

    bucket: str
    prefix: str
    settings: Settings = field(default_factory=Settings)
    new_id: Callable[[], object] = field(default=uuid4, compare=False, repr=False)
    largest: int | None = None

    def __post_init__(self) -> None:
        if parse(self.uri)[0] != self.bucket:
            raise StoreError(f"`{self.bucket}` cannot be the name of a bucket", wrong_use=True)

    @property
    def uri(self) -> str:
        """See ``Objects.uri``."""
        return f"s3://{self.bucket}/{self.prefix.strip('/')}".rstrip("/")

    def get(self, key: str) -> Blob | None:
        """See ``Objects.get``. A reply that is cut off is asked for again and never taken for the whole."""
        name, client = self._name(key), self._link().client
        left = self.settings.attempts
        while True:
            left -= 1
            try:
                reply = client.get_object(Bucket=self.bucket, Key=name)
            except _FAILURES as error:
                if _code(error) == "NoSuchKey":  # a 404 of another kind does not say that there is none
                    return None
                raise self._failed("GetObject", name, error) from error
            try:
                return Blob(_body(reply, self._uri(name), self.largest), _version(reply))
            except _FAILURES as error:
                if left <= 0:
                    raise self._failed("GetObject", name, error) from error

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        """See ``Objects.put``: one request, whose condition the store checks."""
        name, link = self._name(key), self._link()
        for quoted in (link.quoted, not link.quoted):
            try:
                version = _write(link.client, content, replaces, quoted, Bucket=self.bucket, Key=name)
            except _FAILURES as error:
                settled = self._settle(key, content, replaces, error)
                if settled is not None:
                    return settled
            else:
                link.quoted = quoted
                return version
        raise StoreError(self._dishonest("it refuses to replace an object that is still the same"))

    def keys(self, prefix: str = "") -> list[str]:
        """See ``Objects.keys``. The markers that other tools make for folders are left out."""
        full = self._name(f"{prefix}x")[:-1]
        where = {"Bucket": self.bucket, "Prefix": full} | ({} if self.largest is None else {"Delimiter": "/"})
        try:
            pages = self._link().client.get_paginator("list_objects_v2").paginate(**where)
            found = [entry["Key"] for page in pages for entry in _entries(page)]
        except _FAILURES as error:
            raise self._failed("ListObjectsV2", full, error) from error
        return sorted(name.removeprefix(full.removesuffix(prefix)) for name in found if not name.endswith("/"))

    def delete(self, key: str) -> None:
        """See ``Objects.delete``."""
        name = self._name(key)
        try:
            self._link().client.delete_object(Bucket=self.bucket, Key=name)
        except _FAILURES as error:
            if _code(error) != "NoSuchKey":
                changed = f"it is not known whether `{self._uri(name)}` was deleted"
                raise self._failed("DeleteObject", name, error, changed) from error

    def ensure(self) -> None:
        """See ``Objects.ensure``: some stores disregard conditions without a word, so that only trying tells."""
        self.probe()

    def probe(self) -> None:
        """See ``Objects.probe``. What has been found good is not tried again in the same process."""
        link = self._link()
        if self.uri in link.probed:
            return
        key = f".probe/{self.new_id()}"
        try:
            fault = self._disregarded(key)
        finally:
            with suppress(StoreError):  # who may not delete can publish all the same
                self.delete(key)
        if fault is not None:
            raise StoreError(self._dishonest(fault))
        link.probed.add(self.uri)

    def versioning(self) -> str:
        """Whether the bucket keeps old versions of its objects: "Enabled", "Suspended", "" (never did) or "unknown".

        Raises StoreError where the store cannot be reached or there is no such bucket.
        """
        try:
            return str(self._link().client.get_bucket_versioning(Bucket=self.bucket).get("Status", ""))
        except _FAILURES as error:
            if isinstance(error, ClientError) and _code(error) != "NoSuchBucket":
                return "unknown"
            raise self._failed("GetBucketVersioning", "", error) from error

    def _link(self) -> _Link:
        return _connect(self.settings, os.getpid())

    def _name(self, key: str) -> str:
        _check(key)
        return f"{self.prefix.strip('/')}/{key}".removeprefix("/")

    def _uri(self, name: str) -> str:
        return f"s3://{self.bucket}/{name}"

    def _settle(self, key: str, content: bytes, replaces: str | None, error: Exception) -> str | None:
        """What came of a write that failed: its version if it arrived after all, None if it was refused for no reason.

        Even "the condition does not hold" may be said of our own write: the reply was lost and the request repeated.
        """
        name = self._name(key)
        try:
            present = self.get(key)
        except StoreError:
            changed = _NOTHING if _refused(error) else f"it is not known whether `{self._uri(name)}` was written"
            raise self._failed("PutObject", name, error, changed) from error
        if present is not None and present.content == content:
            return present.version
        if _status(error) == 412 and present is not None and present.version == replaces:
            return None
        if _status(error) in {409, 412} or (replaces is not None and _code(error) == "NoSuchKey"):
            raise ConflictError(f"`{self._uri(name)}` was changed by another run") from error
        changed = _NOTHING if _refused(error) else f"{_NOTHING}, unless the write still arrives"
        raise self._failed("PutObject", name, error, changed) from error

    def _disregarded(self, key: str) -> str | None:
        """The condition that the store disregards, in words, or None."""
        first = self.put(key, b"1", None)
        if not self._refuses(key, b"2", None):
            return "it overwrites an object that was only to be created"
        self.put(key, b"3", first)
        if not self._refuses(key, b"4", first):
            return "it replaces an object that has changed since it was read"
        return None

    def _refuses(self, key: str, content: bytes, replaces: str | None) -> bool:
        try:
            self.put(key, content, replaces)
        except ConflictError:
            return True
        return False

    def _dishonest(self, fault: str) -> str:
        place = _place(self._link().client.meta.endpoint_url)
        risk = "two runs at once could overwrite each other; use a store that does"
        return f"the store at {place} does not honour conditional writes ({fault}): {risk}"

    def _failed(self, action: str, name: str, error: Exception, changed: str = _NOTHING) -> StoreError:
        place, seconds = _place(self._link().client.meta.endpoint_url), f"{self.settings.read_timeout:g}"
        call = {"action": action, "uri": self._uri(name), "bucket": self.bucket, "place": place, "seconds": seconds}
        reply = {"status": _status(error), "code": _code(error), "said": _said(error)}
        return StoreError(_reason(error).format(**call, **reply), changed=changed)


@dataclass(slots=True)
class _Link:
    """One client, and what has been learnt about the store behind it."""

    client: Any
    quoted: bool = True  # whether If-Match wants the ETag in quotes; Ceph 16 finds it only without
    probed: set[str] = field(default_factory=set)


@cache
def _connect(settings: Settings, _process: int) -> _Link:
    # The process is part of the key because connections must not be shared across a fork.
    place = _place(settings.endpoint or "Amazon S3")
    try:
        config = Config(
            retries={"mode": "standard", "total_max_attempts": settings.attempts},
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            request_checksum_calculation="when_required",  # put sends its own
            response_checksum_validation="when_supported",
            s3={"addressing_style": settings.addressing},
        )
        session = boto3.session.Session(profile_name=settings.profile, region_name=settings.region)
        return _Link(session.client("s3", endpoint_url=settings.endpoint, config=config))
    except exceptions.ProfileNotFound as error:
        text = f"there is no profile `{error.kwargs['profile']}`: `aws configure list-profiles` names those there are"
        raise StoreError(text, wrong_use=True) from error
    except (BotoCoreError, OSError) as error:
        text = _reason(error).format(place=place, action="the settings are wrong", said=_said(error))
        raise StoreError(text, wrong_use=True) from error
    except ValueError as error:
        raise StoreError(f"`{place}` is no endpoint: write it as https://host:port", wrong_use=True) from error


def _write(client: Any, content: bytes, replaces: str | None, quoted: bool, **place: str) -> str:
    condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": f'"{replaces}"' if quoted else replaces}
    # A checksum in a header is passed over by older stores; where boto3 makes it, it may change the form of the body.
    checksum = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": b64encode(sha256(content).digest()).decode()}
    return _version(client.put_object(**place, Body=content, **_kind(place["Key"]), **checksum, **condition))


def _kind(name: str) -> dict[str, str]:
    """What browsers are told about an object that they may be shown; they would offer anything else for download."""
    ending = name.rpartition(".")[2]
    return {"ContentType": _SHOWN[ending]} if ending in _SHOWN else {}


def _body(reply: Any, uri: str, largest: int | None) -> bytes:
    with closing(reply["Body"]) as body:
        if largest is not None and reply.get("ContentLength", 0) > largest:
            raise UnreadableError(f"`{uri}` is larger than {largest:,} bytes")
        content: bytes = body.read()
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    if not {"content-length", "transfer-encoding"} & headers.keys():  # nothing would tell a part from the whole
        raise ResponseParserError("no Content-Length")
    return content


def _entries(page: Any) -> Any:
    if "IsTruncated" not in page:  # any text that is XML would be an empty list
        raise ResponseParserError("no list")
    return page.get("Contents", [])


def _version(reply: Any) -> str:
    tag: str = reply.get("ETag", "").strip('"')
    if not tag:
        raise ResponseParserError("no ETag")
    return tag


def _check(key: str) -> None:
    odd = any(unicodedata.category(character) in {"Cc", "Cs"} for character in key)
    if odd or any(part in {"", ".", ".."} for part in key.split("/")):
        raise StoreError(f"`{key}` cannot be the name of an object: it has an empty or dotted part", wrong_use=True)


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _status(error: Exception) -> int:
    """What the store answered, 0 if it did not answer."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) if isinstance(error, ClientError) else 0


def _refused(error: Exception) -> bool:
    """Whether a request, made once, was certainly not carried out."""
    if not isinstance(error, ClientError):
        return isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError))
    return _status(error) < 500 and not error.response["ResponseMetadata"].get("RetryAttempts")


def _said(error: Exception) -> str:
    text = str(error.response.get("Error", {}).get("Message", "")) if isinstance(error, ClientError) else str(error)
    return (text.strip().splitlines() or ["no reason given"])[0][:200]


def _place(url: str) -> str:
    """An endpoint without the user and password that may stand in it."""
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _reason(error: Exception) -> str:
    """A message with gaps for the facts of the call."""
    if not isinstance(error, ClientError):
        return next((text for kinds, text in _TROUBLES if isinstance(error, kinds)), _OTHER_TROUBLE)
    other = _OUT_OF_ORDER if _status(error) >= 500 else _OTHER_ANSWER
    return _ANSWERS.get(_code(error)) or _ANSWERS.get(str(_status(error)), other)


_DENIED = (
    "access to `{uri}` is denied ({action}): have this account allowed to do it; stores say the same of an object that "
    "is not there to accounts that may not list the bucket (ListBucket)"
)
_EXPIRED = "the credentials for {place} have expired or were withdrawn ({code}): sign in again, or have new ones made"
_UNKNOWN = "the store at {place} does not accept the credentials ({code}): check the access key and the secret key"
_REGION = "the bucket `{bucket}` is not in the region that was asked ({code}): set the region it is in"
_OUT_OF_ORDER = "the store at {place} is out of order ({action}: {status} {code}): try again later"
_OTHER_ANSWER = "the store at {place} refuses {action} of `{uri}` ({status} {code}: {said}): is it the right endpoint?"
_ANSWERS: Mapping[str, str] = {
    "NoSuchBucket": "there is no bucket `{bucket}` at {place}: create it, or mend the address",
    "InvalidAccessKeyId": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": "the clock of this computer is not that of the store at {place}: set it right",
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
    "NotImplemented": "the store at {place} does not know {action} as it is needed here ({said}): use one that does",
    "301": _REGION,
    "403": _DENIED,
}

_UNREACHABLE = "cannot reach the store at {place}: "
_NOBODY = f"{_UNREACHABLE}nothing answers there; check the endpoint and the network"
_CUT = "`{uri}` was cut off while it was read, each time it was tried: try again later"
_NO_CREDENTIALS = "no credentials for {place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile"
_SIGN_IN = "the credentials for {place} cannot be had: sign in again, for instance with `aws sso login`"
_OTHER_TROUBLE = "the store at {place} cannot be used ({action}): {said}"
_TROUBLES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((exceptions.NoCredentialsError, exceptions.PartialCredentialsError), _NO_CREDENTIALS),
    ((exceptions.CredentialRetrievalError, exceptions.TokenRetrievalError, exceptions.SSOError), _SIGN_IN),
    (exceptions.FlexibleChecksumError, "`{uri}` does not arrive as it was stored (its checksum differs): try again"),
    (exceptions.ReadTimeoutError, f"{_UNREACHABLE}no answer within {{seconds}} s; try again later"),
    ((exceptions.ConnectTimeoutError, exceptions.EndpointConnectionError), _NOBODY),
    (exceptions.SSLError, f"{_UNREACHABLE}its certificate is not trusted, or it wants http:// and not https://"),
    (exceptions.ProxyConnectionError, f"{_UNREACHABLE}the proxy of this network does not let it through"),
    ((exceptions.IncompleteReadError, exceptions.ResponseStreamingError, HTTPError), _CUT),
    ((exceptions.HTTPClientError, OSError), f"{_UNREACHABLE}the connection was cut; try again later"),
    (ResponseParserError, "what answers at {place} does not speak S3 ({action}): check the endpoint"),
)
