/** Small values that outlive a reload, per account; in memory where the browser forbids storage. */

/**
 * @param {string} account
 */
export function createStorage(account) {
  const prefix = `frontdesk:${account}:`;
  const memory = new Map();
  let disk = null;
  try {
    disk = window.localStorage;
    disk.setItem(`${prefix}probe`, "1");
    disk.removeItem(`${prefix}probe`);
  } catch {
    disk = null;
  }

  function get(name, otherwise = null) {
    try {
      const text = memory.get(name) ?? disk?.getItem(prefix + name);
      return text ? JSON.parse(text) : otherwise;
    } catch {
      return otherwise;
    }
  }

  function put(name, value) {
    const text = JSON.stringify(value);
    try {
      if (!disk) throw new Error("no disk");
      disk.setItem(prefix + name, text);
      memory.delete(name);
    } catch {
      memory.set(name, text); // full or forbidden: this tab still works
    }
  }

  /** Forget everything of this account (log-out on a shared computer). */
  function wipe() {
    memory.clear();
    const names = disk ? Object.keys(disk).filter((name) => name.startsWith(prefix)) : [];
    names.forEach((name) => disk.removeItem(name));
  }

  return { get, put, wipe };
}
