"""The ingress in front of a cluster: authentication, a base path, redirects.

Flink's REST API has none of these. Clusters get them from a reverse proxy, such as nginx or a Kubernetes ingress.
"""

from __future__ import annotations

from flinkmock.ingress.credential import Credential, basic, bearer
from flinkmock.ingress.spec import IngressSpec

__all__ = ["Credential", "IngressSpec", "basic", "bearer"]
