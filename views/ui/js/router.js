/** Addresses of the page: `/w/{workspace}/{page}/{id}?task=…`. Going somewhere loads nothing; it only shows something else. */

/** @typedef {{workspace: string, page: string, id: string, query: URLSearchParams}} Route */

/** What an address means. @param {URL | Location} address @returns {Route} */
export function read(address) {
  const [, prefix, workspace = "", page = "", id = ""] = address.pathname.split("/").map(decodeURIComponent);
  const query = new URLSearchParams(address.search);
  if (prefix !== "w") return { workspace: "", page: prefix || "", id: "", query };
  return { workspace, page: page || "inbox", id, query };
}

/** The address of a page. @param {string} workspace @param {string} page @param {string} [id] @param {Record<string, string | undefined | null>} [query] */
export function address(workspace, page, id = "", query = {}) {
  const path = ["w", workspace, page, id].filter(Boolean).map(encodeURIComponent).join("/");
  const given = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(/** @type {[string, string][]} */ (given)).toString();
  return `/${path}${text ? `?${text}` : ""}`;
}
