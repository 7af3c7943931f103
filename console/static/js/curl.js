// A call as a line for the shell.

const quote = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

// curlOf writes one request; token is a shell variable, so that no secret ends up in a history.
export function curlOf({ method, url, body, token }) {
  const parts = ['curl -sS'];
  if (method !== 'GET') parts.push(`-X ${quote(method)}`);
  parts.push(quote(url));
  if (token) parts.push(`-H "Authorization: Bearer ${token}"`);
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`);
  return parts.join(' \\\n  ');
}

// curlOfCall writes a logged call. What the log has masked stays masked, and is for the reader to fill in.
export function curlOfCall(row) {
  const { query = {}, body, ...inPath } = paramsOf(row);
  const path = row.route.replace(/:(\w+)/g, (_, name) => encodeURIComponent(inPath[name] ?? `{${name}}`));
  const pairs = Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  const search = pairs.length ? `?${new URLSearchParams(pairs)}` : '';
  return curlOf({ method: row.method, url: location.origin + path + search, body, token: tokenOf(row.route) });
}

function paramsOf(row) {
  try {
    return JSON.parse(row.params) ?? {};
  } catch {
    return {};
  }
}

const adminRoutes = /^\/(api\/(admin|erp\/status|metrics)|metrics|debug)/;
const tokenOf = (route) => (adminRoutes.test(route) ? '$SNOWGATE_ADMIN_TOKEN' : '$SNOWGATE_SESSION');
