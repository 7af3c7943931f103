// Bringing what is on the screen up to date. Pages draw themselves anew at each look; patch carries the difference into
// the document, so that focus, selection, scrolling and open details stay as the reader left them.

// patch makes old look like fresh and returns the node that is in the document then. Both are of the same kind and key,
// or fresh takes the place of old. A node with a method receive (a chart) is handed the fresh one instead.
export function patch(old, fresh) {
  if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else if (old.receive) {
    old.receive(fresh);
  } else {
    patchAttributes(old, fresh);
    patchHandlers(old, fresh);
    patchChildren(old, fresh);
  }
  return old;
}

const keyOf = (node) => node.dataset?.key;

// What the reader changes by hand, and what is not set as an attribute.
const kept = (node, name) => name === 'style' || (name === 'open' && node.nodeName === 'DETAILS');

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !kept(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !kept(old, name)) old.setAttribute(name, value);
  }
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText; // the policy forbids the attribute
}

function patchHandlers(old, fresh) {
  for (const name of Object.keys(old.handlers ?? {})) old[name] = null;
  for (const [name, handler] of Object.entries(fresh.handlers ?? {})) old[name] = handler;
  old.handlers = fresh.handlers;
}

function patchChildren(old, fresh) {
  const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const twin = keyOf(child) === undefined ? place : keyed.get(keyOf(child));
    if (!twin) {
      old.insertBefore(child, place);
      continue;
    }
    if (twin !== place) old.insertBefore(twin, place);
    place = patch(twin, child).nextSibling;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
