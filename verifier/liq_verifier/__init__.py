"""Proves plans safe against row policies, or shows the rows that would leak. Imports ``liq.model`` and
``liq.reference`` only."""

from liq_verifier.certificate import Certificate, certificate, read_certificate
from liq_verifier.certify import Certified, certify
from liq_verifier.obligation import Kind, Obligation, Verdict, Verification, Witness
from liq_verifier.verify import verify

__all__ = [
    "Certificate", "Certified", "Kind", "Obligation", "Verdict", "Verification", "Witness", "certificate", "certify",
    "read_certificate", "verify",
]  # fmt: skip
