"""Any worker answers anything: what is another's is asked of that one, over HTTP, in one hop."""
