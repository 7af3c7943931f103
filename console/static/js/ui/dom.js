// Making elements. Everything the API says is untrusted: it comes in as text or as an attribute's value, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

// h.div(props, ...children) makes a <div>, and so for every other name. Props: class, attributes, on… handlers, and vars
// for the style sheet's custom properties; null, undefined and false are left out. Children: nodes, texts, numbers, and
// lists of them; null, undefined and false are left out.
export const h = makers((tag) => document.createElement(tag));

// s is h for SVG.
export const s = makers((tag) => document.createElementNS(SVG, tag));

function makers(create) {
  return new Proxy(
    {},
    {
      get:
        (_, tag) =>
        (props, ...children) =>
          fill(create(tag), props, children),
    },
  );
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === 'vars') {
    for (const [property, v] of Object.entries(value)) node.style.setProperty(property, v);
  } else if (name.startsWith('on')) {
    if (typeof value !== 'function') throw new TypeError(`${name} wants a function`);
    node[name] = value;
    (node.handlers ??= {})[name] = value;
  } else if (name === 'href' && !/^[#/]/.test(value)) {
    throw new TypeError('links stay within the gateway'); // so no javascript: from the API can become one
  } else {
    node.setAttribute(name, value === true ? '' : value);
  }
}
