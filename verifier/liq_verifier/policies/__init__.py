"""Audits the policies of a schema themselves: one check per module, ``audit`` puts them all."""

from liq_verifier.policies.audit import Audit, audit
from liq_verifier.policies.probe import Finding, Probe, Undecided

__all__ = ["Audit", "Finding", "Probe", "Undecided", "audit"]
