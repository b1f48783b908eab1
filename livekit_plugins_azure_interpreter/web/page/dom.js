/** Small helpers for the document. Texts of others are always set as text, never as HTML. */

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A new element with properties, and children that are elements or strings. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** An icon of the sprite in index.html. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const use = document.createElementNS(namespace, "use");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Change a text only if it differs: screen readers may read again what is set again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Make the children of `list` these, in this order, and keep the elements that stay.
 *
 * @param {HTMLElement} list
 * @param {{key: string}[]} items
 * @param {(item) => HTMLElement} make An element for a new item.
 * @param {(node: HTMLElement, item) => void} update Shows an item in its element.
 */
export function renderList(list, items, make, update) {
  const present = new Map([...list.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, position) => {
    const node = present.get(item.key) ?? make(item);
    present.delete(item.key);
    node.dataset.key = item.key;
    if (list.children[position] !== node) list.insertBefore(node, list.children[position] ?? null);
    update(node, item);
  });
  for (const node of present.values()) node.remove();
}
