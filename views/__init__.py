"""The views: HTTP in front of the gateway and the readers. The only importer of aiohttp's server."""
