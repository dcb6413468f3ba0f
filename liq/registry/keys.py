"""Ed25519 keys: one that signs registrations, and those whose signatures are trusted.

Trusted keys live in the registry's folder or in the host's configuration, never in a project that an agent may edit.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from attrs import field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from liq.model.codes import REGISTRY_KEY
from liq.registry.files import read_whole, write_whole
from liq.registry.refusal import refuse

KEY_BYTES_MAX = 10_000


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a key: the hash of its 32 bytes."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


@frozen
class Signer:
    """Who signs."""

    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> Signer:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path) -> Signer:
        """The key in a PEM file."""
        try:
            found = load_pem_private_key(read_whole(path, KEY_BYTES_MAX), None)
        except (ValueError, TypeError):
            refuse(REGISTRY_KEY, f"{path.name} is not a private key in PEM")
        if not isinstance(found, Ed25519PrivateKey):
            refuse(REGISTRY_KEY, f"{path.name} is not an Ed25519 key")
        return cls(found)

    def write(self, path: Path) -> None:
        """Keep the key, for its owner alone."""
        write_whole(path, self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def public(self) -> Ed25519PublicKey:
        """What others check signatures with."""
        return self._private.public_key()

    @property
    def id(self) -> str:
        """The name of the key."""
        return key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """The signature of some bytes."""
        return self._private.sign(data)


@frozen
class Trust:
    """The public keys whose signatures count, by name."""

    keys: dict[str, Ed25519PublicKey]

    @classmethod
    def of(cls, *keys: Ed25519PublicKey) -> Trust:
        """Trust in some keys."""
        return cls({key_id(key): key for key in keys})

    @classmethod
    def read(cls, folder: Path) -> Trust:
        """The keys of a folder of PEM files."""
        found = []
        for path in sorted(folder.glob("*.pem")):
            try:
                key = load_pem_public_key(read_whole(path, KEY_BYTES_MAX))
            except ValueError:
                refuse(REGISTRY_KEY, f"{path.name} is not a public key in PEM")
            if not isinstance(key, Ed25519PublicKey):
                refuse(REGISTRY_KEY, f"{path.name} is not an Ed25519 key")
            found.append(key)
        return cls.of(*found)

    def holds(self, key: str, signature: bytes, data: bytes) -> bool:
        """Whether a signature is that of a trusted key."""
        if key not in self.keys:
            return False
        try:
            self.keys[key].verify(signature, data)
        except InvalidSignature:
            return False
        return True


def write_public(folder: Path, public: Ed25519PublicKey) -> None:
    """Trust a key from here on."""
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_whole(folder / f"{key_id(public)[:16]}.pem", pem)
