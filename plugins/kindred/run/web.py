"""The HTTP client, which logs no address: that of a webhook or an endpoint is a secret."""

import logging

import httpx

# At INFO it logs the URL of every request.
logging.getLogger("httpx").setLevel(logging.WARNING)

__all__ = ["httpx"]
