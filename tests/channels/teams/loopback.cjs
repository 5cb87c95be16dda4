// Preloaded into the emulator: it would listen on every address of the machine; here it listens on this machine only.
const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function (...given) {
  const isPort = typeof given[0] === "number" || /^\d+$/.test(given[0]);
  if (isPort && typeof given[1] !== "string") given.splice(1, 0, "127.0.0.1");
  return listen.apply(this, given);
};
