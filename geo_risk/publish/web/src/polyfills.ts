// What the map library uses and Chrome 87 lacks: Array.at (Chrome 92) and Object.hasOwn (93).

function at(this: ArrayLike<unknown>, index: number): unknown {
  const i = Math.trunc(index) || 0;
  return this[i < 0 ? this.length + i : i];
}

for (const kind of [Array, String, Object.getPrototypeOf(Int8Array)]) {
  if (!kind.prototype.at) Object.defineProperty(kind.prototype, "at", { value: at, writable: true, configurable: true });
}
if (!Object.hasOwn) {
  Object.defineProperty(Object, "hasOwn", {
    value: (object: object, key: PropertyKey) => Object.prototype.hasOwnProperty.call(object, key),
    writable: true,
    configurable: true,
  });
}

export {};
