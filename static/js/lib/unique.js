/**
 * Make a key that is used nowhere else; later ones have a later order.
 * @returns {string}
 */
export function uniqueKey() {
  // crypto.randomUUID exists only on pages served over TLS or from localhost.
  const random = crypto.getRandomValues(new Uint32Array(3));
  return [Date.now(), ...random].map(part => part.toString(36)).join("-");
}
