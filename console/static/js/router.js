// Which page the address asks for. Pages live behind the '#', so the gateway serves one file for all of them.

// here takes the address apart: { path: '/calls', query: { user: '…' } }.
export function here() {
  const [path, query] = location.hash.slice(1).split('?');
  return { path: path || '/', query: Object.fromEntries(new URLSearchParams(query)) };
}

// link is the address of a page.
export function link(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined && value !== null);
  return `#${path}${given.length ? `?${new URLSearchParams(given)}` : ''}`;
}

export function go(path, query) {
  location.hash = link(path, query);
}

// match finds the page of a path among { path: '/calls/:id', … }, with what stands at the names.
export function match(pages, path) {
  for (const page of pages) {
    const params = compare(page.path.split('/'), path.split('/'));
    if (params) return { page, params };
  }
  return null;
}

function compare(template, parts) {
  if (template.length !== parts.length) return null;
  const params = {};
  for (const [i, name] of template.entries()) {
    if (name.startsWith(':')) params[name.slice(1)] = decodeURIComponent(parts[i]);
    else if (name !== parts[i]) return null;
  }
  return params;
}
